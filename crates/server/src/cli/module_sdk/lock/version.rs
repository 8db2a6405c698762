//! Versions of crates, as far as a lock file needs them compared.

/// A version: three numbers, as semantic versioning orders them. What it says of how it was built counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version([u64; 3]);

impl Version {
    /// Reads `1.2.3` or `1.2.3+built`; none of a version before a release, whose order is for cargo to say.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let plain = text.split_once('+').map_or(text, |(plain, _)| plain);
        let mut numbers = plain.split('.').map(|number| number.parse().ok());
        let version = [numbers.next()??, numbers.next()??, numbers.next()??];
        numbers.next().is_none().then_some(Self(version))
    }

    /// Whether cargo takes one in the place of the other: the first number that is not 0 is the same.
    pub(super) fn is_compatible_with(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            ([0, 0, a], [0, 0, b]) | ([0, a, _], [0, b, _]) | ([a, ..], [b, ..]) => {
                self.0.iter().position(|number| *number > 0) == other.0.iter().position(|number| *number > 0) && a == b
            }
        }
    }
}

/// Whether a version is what a manifest asks for. Only the usual form is understood, `1.2`: at least that, and compatible.
pub(super) fn satisfies(version: &Version, requirement: &str) -> bool {
    let requirement = requirement.trim_start_matches('^');
    let missing = 2_usize.saturating_sub(requirement.matches('.').count());
    let least = Version::parse(&format!("{requirement}{}", ".0".repeat(missing)));
    // `0` and `0.0` ask for less than their numbers say.
    let least = least.filter(|least| missing == 0 || least.0.iter().any(|number| *number > 0));
    least.is_some_and(|least| *version >= least && version.is_compatible_with(&least))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn versions_are_ordered_and_told_apart() {
        assert!(version("1.10.0") > version("1.9.9") && version("0.9.8+spec-1.1.0") == version("0.9.8"));
        for (one, other, compatible) in [
            ("1.2.3", "1.9.0", true),
            ("1.2.3", "2.2.3", false),
            ("0.2.3", "0.2.9", true),
            ("0.2.3", "0.3.3", false),
            ("0.0.3", "0.0.3", true),
            ("0.0.3", "0.0.4", false),
            ("0.1.0", "1.1.0", false),
            ("1.0.0", "0.1.0", false),
        ] {
            assert_eq!(version(one).is_compatible_with(&version(other)), compatible, "{one} {other}");
        }
        for odd in ["1.2", "1.2.3.4", "1.2.3-rc.1", "", "1.x.3"] {
            assert_eq!(Version::parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_requirement_is_a_least_version() {
        for (requirement, of, is) in [
            ("1", "1.0.219", true),
            ("^1.0.200", "1.0.219", true),
            ("1.0.220", "1.0.219", false),
            ("2", "1.9.9", false),
            ("0.8", "0.8.3", true),
            ("0.8", "0.9.0", false),
            (">=1", "1.2.3", false),
            ("=1.2.3", "1.2.3", false),
            ("0", "0.3.0", false),
        ] {
            assert_eq!(satisfies(&version(of), requirement), is, "{requirement} {of}");
        }
    }
}
