//! RSA public keys and what makes them weak.

use std::sync::LazyLock;

use der::Tag;
use num_bigint::BigUint;

use crate::{Error, read};

/// `RSAPublicKey`, RFC 8017 A.1.1: big-endian magnitudes without leading zeros, both positive.
#[derive(Debug, Clone, Copy)]
pub(super) struct RsaPublicKey<'a> {
    pub modulus: &'a [u8],
    pub exponent: &'a [u8],
}

impl<'a> RsaPublicKey<'a> {
    pub(super) fn from_der(der: &'a [u8]) -> Result<Self, Error> {
        read::sequence("RSA public key", der, |r| {
            Ok(Self {
                modulus: positive(read::contents(r, Tag::Integer)?)?,
                exponent: positive(read::contents(r, Tag::Integer)?)?,
            })
        })
    }

    pub(super) fn modulus_bits(&self) -> u32 {
        let top = self.modulus.first().map_or(8, |b| b.leading_zeros());
        8 * self.modulus.len() as u32 - top
    }

    /// The exponent; `None` when it does not fit 64 bits.
    pub(super) fn exponent_u64(&self) -> Option<u64> {
        (self.exponent.len() <= 8).then(|| self.exponent.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)))
    }
}

/// The magnitude of an INTEGER's contents.
fn positive(contents: &[u8]) -> Result<&[u8], Error> {
    let magnitude = match contents {
        [0, next, ..] if *next < 0x80 => None,
        [0, rest @ ..] if !rest.is_empty() => Some(rest),
        [1..0x80, ..] => Some(contents),
        _ => None,
    };
    magnitude.ok_or_else(|| Error::malformed("RSA public key", "INTEGER not positive or not minimal"))
}

/// Refuses a modulus that can be factored without effort.
///
/// # Errors
/// [`Error::Weak`] with the reason.
pub(super) fn check_modulus(modulus: &[u8]) -> Result<(), Error> {
    let weak = |why: String| Err(Error::Weak(format!("RSA modulus {why}")));
    if modulus.last().is_none_or(|low| low % 2 == 0) {
        return weak("is even".into());
    }
    let residues = residues(modulus);
    if let Some((prime, _)) = residues.iter().find(|(_, residue)| *residue == 0) {
        return weak(format!("is divisible by {prime}"));
    }
    if roca(&residues) {
        return weak("has the fingerprint of CVE-2017-15361 (ROCA)".into());
    }
    if has_close_factors(&BigUint::from_bytes_be(modulus)) {
        return weak("is a product of primes close together".into());
    }
    Ok(())
}

/// Trial division stops here; a random modulus passes, and anything beyond is no longer "small".
const SMALL_PRIME_MAX: u32 = 1000;

/// The odd primes below [`SMALL_PRIME_MAX`], in groups whose product fits 32 bits.
static SMALL_PRIMES: LazyLock<Vec<(u32, Vec<u32>)>> = LazyLock::new(|| {
    let is_prime = |n: &u32| (2..*n).take_while(|d| d * d <= *n).all(|d| !n.is_multiple_of(d));
    let mut groups: Vec<(u32, Vec<u32>)> = vec![(1, Vec::new())];
    for prime in (3..SMALL_PRIME_MAX).step_by(2).filter(is_prime) {
        match groups.last_mut() {
            Some((product, primes)) if product.checked_mul(prime).is_some() => {
                *product *= prime;
                primes.push(prime);
            }
            _ => groups.push((prime, vec![prime])),
        }
    }
    groups
});

/// The modulus reduced by each small prime.
fn residues(modulus: &[u8]) -> Vec<(u32, u32)> {
    let mut all = Vec::with_capacity(170);
    for (product, primes) in SMALL_PRIMES.iter() {
        let product = u64::from(*product);
        let residue = modulus.rchunks(4).rev().fold(0u64, |residue, word| {
            let value = word.iter().fold(0u64, |n, byte| n << 8 | u64::from(*byte));
            (residue << (8 * word.len()) | value) % product
        }) as u32;
        all.extend(primes.iter().map(|prime| (*prime, residue % prime)));
    }
    all
}

/// The primes whose product the weak generator took its exponents from; every prime factor it made is a power of
/// 65537 modulo each of them, and so is the modulus.
const ROCA_PRIME_MAX: u32 = 167;

/// Whether every residue is in the group that 65537 generates. By chance that happens once in about 2^27 moduli.
fn roca(residues: &[(u32, u32)]) -> bool {
    residues
        .iter()
        .take_while(|(prime, _)| *prime <= ROCA_PRIME_MAX)
        .all(|(prime, residue)| is_power_of_65537(*prime, *residue))
}

fn is_power_of_65537(prime: u32, residue: u32) -> bool {
    let generator = 65_537 % prime;
    let mut power = 1;
    loop {
        if power == residue {
            return true;
        }
        power = power * generator % prime;
        if power <= 1 {
            return false;
        }
    }
}

/// Rounds of Fermat's method. A key from a sound generator would need about 2^500.
const FERMAT_ROUNDS: u32 = 100;

/// Fermat's method: n = a² - b² for some a little above the root of n, when the factors lie close together.
fn has_close_factors(n: &BigUint) -> bool {
    let mut a = n.sqrt();
    if &a * &a < *n {
        a += 1u32;
    }
    let mut difference = &a * &a - n;
    for _ in 0..FERMAT_ROUNDS {
        if is_square(&difference) {
            return true;
        }
        // (a + 1)² - a² = 2a + 1
        difference += &a + &a + 1u32;
        a += 1u32;
    }
    false
}

/// Whether `n` is a square. Residues rule out all but one number in some hundreds before a root is taken.
fn is_square(n: &BigUint) -> bool {
    const MODULI: [u32; 5] = [64, 63, 65, 11, 17];
    for modulus in MODULI {
        let residue = (n % modulus).to_u32_digits().first().copied().unwrap_or(0);
        if !(0..modulus).any(|x| x * x % modulus == residue) {
            return false;
        }
    }
    let root = n.sqrt();
    &root * &root == *n
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn number(decimal: &str) -> BigUint {
        decimal.parse().unwrap()
    }

    /// The smallest prime not below `n`, for numbers of the size of tests (Fermat test to base 2 is enough here).
    fn next_prime(mut n: BigUint) -> BigUint {
        let two = BigUint::from(2u32);
        n |= BigUint::from(1u32);
        while two.modpow(&(&n - 1u32), &n) != BigUint::from(1u32) {
            n += 2u32;
        }
        n
    }

    #[test]
    fn small_primes() {
        let primes: Vec<u32> = SMALL_PRIMES.iter().flat_map(|(_, p)| p.clone()).collect();
        assert_eq!(primes.len(), 167);
        assert_eq!(primes.first(), Some(&3));
        assert_eq!(primes.last(), Some(&997));
    }

    #[test]
    fn residues_are_right() {
        let n = number("123456789012345678901234567890123456789012345678901234567891");
        for (prime, residue) in residues(&n.to_bytes_be()) {
            assert_eq!(BigUint::from(residue), &n % prime, "{prime}");
        }
    }

    #[test]
    fn close_primes_are_found() {
        let p = next_prime(BigUint::from(3u32) << 1022);
        let q = next_prime(&p + 2u32);
        assert!(has_close_factors(&(&p * &q)));
        assert!(has_close_factors(&(&p * &p)));
        let far = next_prime(BigUint::from(7u32) << 1021);
        let n = &p * &far;
        assert!(!has_close_factors(&n));
        assert!(check_modulus(&n.to_bytes_be()).is_ok());
    }

    #[test]
    fn roca_structure_is_found() {
        // A prime of the weak form: k * M + 65537^a mod M, with M the product of the primes up to 167.
        let m: BigUint = SMALL_PRIMES
            .iter()
            .flat_map(|(_, p)| p)
            .filter(|p| **p <= ROCA_PRIME_MAX)
            .fold(BigUint::from(2u32), |m, p| m * *p);
        let weak = |k: u32, a: u32| BigUint::from(k) * &m + BigUint::from(65_537u32).modpow(&a.into(), &m);
        let n = weak(1_000_003, 12_345) * weak(999_983, 54_321);
        let residues = residues(&n.to_bytes_be());
        assert!(roca(&residues));
        let sound = next_prime(BigUint::from(3u32) << 1022) * next_prime(BigUint::from(5u32) << 1022);
        assert!(!roca(&super::residues(&sound.to_bytes_be())));
    }

    #[test]
    fn squares() {
        for n in 0u32..5000 {
            let root = n.isqrt();
            assert_eq!(is_square(&n.into()), root * root == n, "{n}");
        }
    }

    #[test]
    fn integers() {
        for (contents, want) in [
            (&[1u8][..], true),
            (&[0, 0x80], true),
            (&[0x7f, 0], true),
            (&[], false),
            (&[0], false),
            (&[0, 0], false),
            (&[0, 1], false),
            (&[0x80], false),
        ] {
            assert_eq!(positive(contents).is_ok(), want, "{contents:x?}");
        }
    }
}
