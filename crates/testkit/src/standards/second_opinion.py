"""Judges a path, a request or a key file, with signatures verified by the OpenSSL inside `cryptography`.

Reads one question in JSON from standard input and answers in JSON. The rules of path validation that matter to us
are spelled out here (RFC 5280 6.1 and 6.3), so that ML-DSA, which no command-line tool at hand knows, is held to them.
"""

import base64
import datetime
import json
import sys

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

PROCESSED = {
    ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
}
PROCESSED_CRL = {ExtensionOID.DELTA_CRL_INDICATOR, ExtensionOID.ISSUING_DISTRIBUTION_POINT}
PURPOSE = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}


class Refused(Exception):
    pass


def main():
    question = json.load(sys.stdin)
    try:
        answer = {"chain": chain, "request": request, "key": key}[question["do"]](question)
    except Refused as refused:
        answer = {"refusal": str(refused)}
    json.dump(answer, sys.stdout)


def request(question):
    parsed = x509.load_der_x509_csr(base64.b64decode(question["request"]))
    check(parsed.is_signature_valid, "the request's signature does not verify")
    return {"refusal": None}


def key(question):
    loaded = load_pem_private_key(base64.b64decode(question["pem"]), question["passphrase"].encode())
    spki = loaded.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {"spki": base64.b64encode(spki).decode()}


def chain(question):
    at = datetime.datetime.fromtimestamp(question["at"], datetime.timezone.utc)
    load = lambda der: x509.load_der_x509_certificate(base64.b64decode(der))
    # From the leaf up to the root.
    path = [load(der) for der in [question["leaf"], *question["intermediates"], question["root"]]]
    crls = [x509.load_der_x509_crl(base64.b64decode(der)) for der in question["crls"]]
    for depth, certificate in enumerate(path):
        issuer = path[min(depth + 1, len(path) - 1)]
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature) as e:
            raise Refused(f"certificate {depth} is not issued by the next: {e or type(e).__name__}")
        check(certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc,
              f"certificate {depth} is not valid at {at}")
        for extension in certificate.extensions:
            check(not extension.critical or extension.oid in PROCESSED,
                  f"certificate {depth} has the critical extension {extension.oid.dotted_string}")
        if depth > 0:
            may_issue(certificate, depth)
        if crls and certificate is not path[-1]:
            not_revoked(certificate, issuer, crls, at)
    linked(path)
    fit_for(path[0], question["purpose"])
    return {"refusal": None}


def may_issue(certificate, depth):
    constraints = value(certificate, ExtensionOID.BASIC_CONSTRAINTS)
    check(constraints is not None and constraints.ca, f"certificate {depth} is not a CA")
    check(constraints.path_length is None or constraints.path_length >= depth - 1,
          f"certificate {depth} allows {constraints.path_length} CAs under it")
    usage = value(certificate, ExtensionOID.KEY_USAGE)
    check(usage is not None and usage.key_cert_sign, f"certificate {depth} may not sign certificates")


def linked(path):
    """Key identifiers: what each certificate says of its issuer's key is what the issuer says itself."""
    for certificate, issuer in zip(path, path[1:]):
        said = value(certificate, ExtensionOID.AUTHORITY_KEY_IDENTIFIER)
        own = value(issuer, ExtensionOID.SUBJECT_KEY_IDENTIFIER)
        check(said is not None and own is not None and said.key_identifier == own.digest,
              "authority and subject key identifiers differ")


def fit_for(leaf, purpose):
    if purpose == "any":
        return
    usages = value(leaf, ExtensionOID.EXTENDED_KEY_USAGE)
    check(usages is None or PURPOSE[purpose] in usages, f"the certificate is not for a TLS {purpose}")
    usage = value(leaf, ExtensionOID.KEY_USAGE)
    check(usage is None or usage.digital_signature, "the key may not sign")


def not_revoked(certificate, issuer, crls, at):
    of_issuer = [crl for crl in crls if crl.issuer == issuer.subject]
    full = [crl for crl in of_issuer if value(crl, ExtensionOID.DELTA_CRL_INDICATOR) is None]
    check(full, f"there is no CRL of {issuer.subject.rfc4514_string()}")
    newest = max(full, key=number)
    current(newest, issuer, at)
    in_scope(newest, certificate)
    entry = newest.get_revoked_certificate_by_serial_number(certificate.serial_number)
    for delta in sorted((crl for crl in of_issuer if crl not in full), key=number):
        current(delta, issuer, at)
        base = value(delta, ExtensionOID.DELTA_CRL_INDICATOR).crl_number
        check(base <= number(newest) <= number(delta), f"a delta over {base} does not go with {number(newest)}")
        if number(delta) == number(newest):
            # RFC 5280 5.2.3: made at the same time, to say the same. 5.2.4 (c): nothing to combine.
            continue
        changed = delta.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if changed is not None:
            entry = None if reason(changed) == x509.ReasonFlags.remove_from_crl else changed
    check(entry is None, f"certificate revoked: {certificate.subject.rfc4514_string()}")


def current(crl, issuer, at):
    check(crl.is_signature_valid(issuer.public_key()), "the CRL's signature does not verify")
    usage = value(issuer, ExtensionOID.KEY_USAGE)
    check(usage is not None and usage.crl_sign, "the issuer may not sign CRLs")
    check(crl.last_update_utc <= at <= crl.next_update_utc, f"the CRL is not valid at {at}")
    said = value(crl, ExtensionOID.AUTHORITY_KEY_IDENTIFIER)
    own = value(issuer, ExtensionOID.SUBJECT_KEY_IDENTIFIER)
    check(said is not None and said.key_identifier == own.digest, "the CRL names another key of its issuer")
    for extension in crl.extensions:
        check(not extension.critical or extension.oid in PROCESSED_CRL,
              f"the CRL has the critical extension {extension.oid.dotted_string}")
    for entry in crl:
        check(not any(extension.critical for extension in entry.extensions), "a CRL entry has a critical extension")


def in_scope(crl, certificate):
    scope = value(crl, ExtensionOID.ISSUING_DISTRIBUTION_POINT)
    if scope is None:
        return
    constraints = value(certificate, ExtensionOID.BASIC_CONSTRAINTS)
    is_ca = constraints is not None and constraints.ca
    check(not (scope.only_contains_ca_certs and not is_ca), "the CRL lists CA certificates only")
    check(not (scope.only_contains_user_certs and is_ca), "the CRL lists end entities only")
    check(not scope.only_contains_attribute_certs and not scope.indirect_crl, "the CRL is of another kind")
    points = value(certificate, ExtensionOID.CRL_DISTRIBUTION_POINTS) or []
    urls = {name.value for point in points for name in point.full_name or []}
    check(not scope.full_name or urls & {name.value for name in scope.full_name},
          "the CRL is of another distribution point")


def number(crl):
    found = value(crl, ExtensionOID.CRL_NUMBER)
    check(found is not None, "the CRL has no number")
    return found.crl_number


def reason(entry):
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return None


def value(holder, oid):
    try:
        return holder.extensions.get_extension_for_oid(oid).value
    except x509.ExtensionNotFound:
        return None


def check(holds, otherwise):
    if not holds:
        raise Refused(otherwise)


main()
