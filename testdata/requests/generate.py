"""Writes the certification requests in this folder: keys and signatures that a CA has to refuse.

Run it in the environment of .ci/python.txt, from anywhere; it needs the openssl program too. Every run makes new
keys, so the files change, but not what is wrong with them. The private keys are thrown away.
"""

import math
import secrets
import subprocess
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

HERE = Path(__file__).parent


def main():
    write("rsa-1024", request(openssl_key("rsa_keygen_bits:1024")))
    write("rsa-exponent-3", request(rsa.generate_private_key(public_exponent=3, key_size=2048)))
    write("rsa-roca", request(rsa_key(roca_prime(1024), roca_prime(1024))))
    first = prime(1024)
    write("rsa-close-primes", request(rsa_key(first, next_prime(first + 2**400))))
    write("rsa-small-factor", request(small_factor()))
    write("secp256k1", request(ec.generate_private_key(ec.SECP256K1())))
    write("ed448", request(ed448.Ed448PrivateKey.generate(), None))
    write("dsa-2048", request(dsa.generate_private_key(2048)))
    write("rsa-sha1", openssl_request("-newkey", "rsa:2048", "-sha1"))
    write("p256-sha1", openssl_request("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-sha1"))
    write("p256-explicit-parameters", openssl_request(
        "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"))


def request(key, digest=hashes.SHA256()):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "weak.example")])
    return x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, digest).public_bytes(Encoding.DER)


def openssl_key(option):
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    pem = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", option],
                         check=True, capture_output=True).stdout
    return load_pem_private_key(pem, None)


def openssl_request(*options):
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(
            ["openssl", "req", "-new", "-nodes", "-subj", "/CN=weak.example", "-outform", "DER",
             "-keyout", f"{folder}/key", *options], check=True, capture_output=True).stdout


def rsa_key(p, q, e=65537):
    d = pow(e, -1, math.lcm(p - 1, q - 1))
    return rsa.RSAPrivateNumbers(
        p=p, q=q, d=d, dmp1=d % (p - 1), dmq1=d % (q - 1), iqmp=pow(q, -1, p),
        public_numbers=rsa.RSAPublicNumbers(e, p * q)).private_key(unsafe_skip_rsa_key_validation=True)


def roca_prime(bits):
    """A prime k * M + (65537**a mod M), as CVE-2017-15361 made them."""
    primorial, count, candidate = 1, 0, 2
    while count < 126:
        if is_prime(candidate):
            primorial, count = primorial * candidate, count + 1
        candidate += 1
    while True:
        k = (1 << (bits - 1)) // primorial + secrets.randbelow((1 << (bits - 1)) // primorial)
        p = k * primorial + pow(65537, secrets.randbits(256), primorial)
        # The two top bits set, so that the product has twice as many bits.
        if p.bit_length() == bits and p >> (bits - 2) == 3 and math.gcd(p - 1, 65537) == 1 and is_prime(p):
            return p


def small_factor():
    """A modulus of which one prime is 997: the exponents still work out."""
    while True:
        key_prime = prime(2048 - 10)
        if (997 * key_prime).bit_length() == 2048:
            return rsa_key(key_prime, 997)


def prime(bits):
    while True:
        p = secrets.randbits(bits) | 3 << (bits - 2) | 1
        if p % 65537 != 1 and is_prime(p):
            return p


def next_prime(n):
    n |= 1
    while n % 65537 == 1 or not is_prime(n):
        n += 2
    return n


def is_prime(n):
    if n < 4:
        return n > 1
    if any(n % p == 0 and n != p for p in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29)):
        return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(20):
        x = pow(2 + secrets.randbelow(n - 3), odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def write(name, der):
    (HERE / f"{name}.der").write_bytes(der)
    print(name, len(der))


if __name__ == "__main__":
    main()
