//! Who opened a link, as far as the hub wants to know: a pseudonym for one day, and whether it is a
//! person.
//!
//! Invariants: an address is used to make the pseudonym and then forgotten; a pseudonym cannot be
//! tied to another day's, because its salt is random, daily and deleted; a robot is never counted
//! as a scan.

mod grade;
mod names;

use std::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub use crate::scans::visitor::grade::Grade;

/// A pseudonym that is the same for one visitor during one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visitor(pub [u8; 16]);

/// A pseudonym that is the same during one day for all who share the first bits of an address: what
/// a limit on floods goes by, since whoever floods can change everything else that a request says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(pub [u8; 16]);

/// How much of an address a [`Network`] covers. Each width lies within the next.
///
/// A customer of IPv6 has more than one network of 64 bits to choose from, often 256 and up to
/// 65,536 (RFC 6177, BCOP 690), so a limit on one of them alone limits nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Width {
    /// One link: 64 bits of IPv6, or one address of IPv4.
    Link,
    /// What one household gets: 56 bits of IPv6, or one address of IPv4.
    Household,
    /// What one company gets: 48 bits of IPv6, or 24 bits of IPv4.
    Company,
    /// What one provider gets, at least: 32 bits of IPv6, or 16 bits of IPv4.
    Provider,
}

impl Width {
    /// Every width, the narrowest first.
    pub const ALL: [Self; 4] = [Self::Link, Self::Household, Self::Company, Self::Provider];

    /// How many bits of an address of IPv6, and of one of IPv4, it covers.
    const fn bits(self) -> (u8, u8) {
        match self {
            Self::Link => (64, 32),
            Self::Household => (56, 32),
            Self::Company => (48, 24),
            Self::Provider => (32, 16),
        }
    }

    /// Returns the part of an address that all share who are in one network of this width.
    ///
    /// Phones change the second half of an address of IPv6 at will (RFC 8981), so that never tells
    /// anything. An address of IPv4 is the same in whichever form it came.
    #[must_use]
    pub fn prefix(self, ip: IpAddr) -> Prefix {
        let (of_six, of_four) = self.bits();
        match ip.to_canonical() {
            // No IPv6 address that anybody has begins with these bits: 0000::/8 is reserved (RFC
            // 4291).
            IpAddr::V4(four) => Prefix(u64::from(four.to_bits()) & (u64::MAX << (32 - of_four))),
            IpAddr::V6(six) => {
                let [a, b, c, d, ..] = six.segments();
                let half = [a, b, c, d]
                    .into_iter()
                    .fold(0, |half, part| half << 16 | u64::from(part));
                Prefix(half & (u64::MAX << (64 - of_six)))
            }
        }
    }
}

/// The first bits of an address, with zeros behind them. It lives as long as a connection or a
/// request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prefix(u64);

/// The networks of all widths in which one sender is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Networks([Network; Width::ALL.len()]);

impl Networks {
    /// Returns the one of this width.
    #[must_use]
    pub const fn of(&self, width: Width) -> Network {
        self.0[width as usize]
    }

    /// Returns them with their widths, the narrowest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Width, Network)> {
        Width::ALL.into_iter().zip(self.0)
    }
}

/// What a request tells about who sent it. It lives as long as the request.
pub struct Trace {
    /// Where it came from.
    pub ip: IpAddr,
    /// `User-Agent`; empty without one.
    pub agent: String,
    /// `Accept-Language`; empty without one.
    pub languages: String,
}

impl Trace {
    /// Returns the day's pseudonym.
    pub fn visitor(&self, salt: &[u8; 32]) -> Visitor {
        let prefix = Width::Link.prefix(self.ip).0.to_be_bytes();
        Visitor(pseudonym(
            salt,
            [
                b"visitor",
                &prefix[..],
                self.agent.as_bytes(),
                self.languages.as_bytes(),
            ],
        ))
    }

    /// Returns the day's pseudonyms of the networks that the request came from.
    pub fn networks(&self, salt: &[u8; 32]) -> Networks {
        Networks(Width::ALL.map(|width| {
            let prefix = width.prefix(self.ip).0.to_be_bytes();
            let (bits, _) = width.bits();
            Network(pseudonym(salt, [b"network", &[bits], &prefix[..]]))
        }))
    }

    /// Judges the program by its user agent.
    pub fn grade(&self) -> Grade {
        Grade::of_agent(&self.agent)
    }
}

fn pseudonym<const N: usize>(salt: &[u8; 32], parts: [&[u8]; N]) -> [u8; 16] {
    let mut mac = Hmac::<Sha256>::new_from_slice(salt).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    let full = mac.finalize().into_bytes();
    let mut name = [0; 16];
    name.copy_from_slice(&full[..16]);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(ip: &str, agent: &str) -> Trace {
        Trace {
            ip: ip.parse().unwrap(),
            agent: agent.into(),
            languages: "zh".into(),
        }
    }

    #[test]
    fn pseudonym_changes_with_person_and_day() {
        let visitor = trace("192.0.2.1", "a").visitor(&[1; 32]);
        assert_eq!(trace("192.0.2.1", "a").visitor(&[1; 32]), visitor);
        assert_ne!(trace("192.0.2.2", "a").visitor(&[1; 32]), visitor);
        assert_ne!(trace("192.0.2.1", "b").visitor(&[1; 32]), visitor);
        assert_ne!(trace("192.0.2.1", "a").visitor(&[2; 32]), visitor);
    }

    #[test]
    fn phone_that_changes_its_ipv6_address_stays_one_visitor_in_one_network() {
        let (salt, phone) = ([1; 32], trace("2001:db8:1:2:1111::1", "a"));
        let moved = trace("2001:db8:1:2:ffff:ffff:ffff:ffff", "a");
        assert_eq!(moved.visitor(&salt), phone.visitor(&salt));
        assert_eq!(moved.networks(&salt), phone.networks(&salt));
        let neighbour = trace("2001:db8:1:3:1111::1", "a");
        assert_ne!(neighbour.visitor(&salt), phone.visitor(&salt));
        let link = |phone: &Trace| phone.networks(&salt).of(Width::Link);
        assert_ne!(link(&neighbour), link(&phone));
    }

    #[test]
    fn ipv4_address_is_the_same_in_both_of_its_forms_and_taken_whole() {
        let (salt, plain) = ([1; 32], trace("192.0.2.1", "a"));
        let mapped = trace("::ffff:192.0.2.1", "a");
        assert_eq!(mapped.visitor(&salt), plain.visitor(&salt));
        assert_eq!(mapped.networks(&salt), plain.networks(&salt));
        let next = trace("192.0.2.2", "a");
        assert_ne!(next.networks(&salt), plain.networks(&salt));
        assert_ne!(next.visitor(&salt), plain.visitor(&salt));
    }

    #[test]
    fn network_is_the_same_whatever_else_a_request_says_but_not_tomorrow() {
        let networks = trace("192.0.2.1", "a").networks(&[1; 32]);
        assert_eq!(trace("192.0.2.1", "b").networks(&[1; 32]), networks);
        let tomorrow = trace("192.0.2.1", "a").networks(&[2; 32]);
        for (width, network) in networks.iter() {
            assert_ne!(tomorrow.of(width), network);
            // Nobody could take one for the other.
            assert_ne!(trace("192.0.2.1", "").visitor(&[1; 32]).0, network.0);
        }
    }

    #[test]
    fn networks_lie_within_one_another() {
        let shared = |a: &str, b: &str| {
            let [a, b] = [a, b].map(|ip| trace(ip, "").networks(&[1; 32]));
            Width::ALL.map(|width| a.of(width) == b.of(width))
        };
        for (a, b, expected) in [
            (
                "2001:db8:1:2::1",
                "2001:db8:1:2::2",
                [true, true, true, true],
            ),
            (
                "2001:db8:1:2::1",
                "2001:db8:1:3::1",
                [false, true, true, true],
            ),
            (
                "2001:db8:1:2::1",
                "2001:db8:1:102::1",
                [false, false, true, true],
            ),
            (
                "2001:db8:1:2::1",
                "2001:db8:2:2::1",
                [false, false, false, true],
            ),
            (
                "2001:db8:1:2::1",
                "2001:db9:1:2::1",
                [false, false, false, false],
            ),
            ("192.0.2.1", "::ffff:192.0.2.1", [true, true, true, true]),
            ("192.0.2.1", "192.0.2.2", [false, false, true, true]),
            ("192.0.2.1", "192.0.3.1", [false, false, false, true]),
            ("192.0.2.1", "192.1.2.1", [false, false, false, false]),
            ("192.0.2.1", "2001:db8::1", [false, false, false, false]),
        ] {
            assert_eq!(shared(a, b), expected, "{a} {b}");
        }
    }
}
