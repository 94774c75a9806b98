//! Who opened a link, as far as the hub wants to know: a pseudonym for one day, and whether it is a person.
//!
//! Invariants: an address is used to make the pseudonym and then forgotten; a pseudonym cannot be tied to another
//! day's, because its salt is random, daily and deleted; a robot is never counted as a scan.

mod grade;
mod names;

use std::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub use grade::Grade;

/// A pseudonym that is the same for one visitor during one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visitor(pub [u8; 16]);

/// A pseudonym that is the same during one day for all who share an IPv4 address or an IPv6 network of 64 bits: what a
/// limit on floods goes by, since whoever floods can change everything else that a request says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(pub [u8; 16]);

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
        let prefix = prefix(self.ip);
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

    /// Returns the day's pseudonym of the network that the request came from.
    pub fn network(&self, salt: &[u8; 32]) -> Network {
        Network(pseudonym(salt, [b"network", &prefix(self.ip)[..]]))
    }

    /// Judges the program by its user agent.
    pub fn grade(&self) -> Grade {
        Grade::of_agent(&self.agent)
    }
}

/// The part of an address that stays while a phone is in one network. Of IPv6 that is the first half: phones change the
/// other one at will (RFC 8981). An IPv4 address is taken whole, in whichever form it came.
fn prefix(ip: IpAddr) -> [u8; 8] {
    let mut prefix = [0; 8];
    match ip.to_canonical() {
        // No IPv6 address that anybody has begins with these bits: 0000::/8 is reserved (RFC 4291).
        IpAddr::V4(four) => prefix[4..].copy_from_slice(&four.octets()),
        IpAddr::V6(six) => prefix.copy_from_slice(&six.octets()[..8]),
    }
    prefix
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
        assert_eq!(moved.network(&salt), phone.network(&salt));
        let neighbour = trace("2001:db8:1:3:1111::1", "a");
        assert_ne!(neighbour.visitor(&salt), phone.visitor(&salt));
        assert_ne!(neighbour.network(&salt), phone.network(&salt));
    }

    #[test]
    fn ipv4_address_is_the_same_in_both_of_its_forms_and_taken_whole() {
        let (salt, plain) = ([1; 32], trace("192.0.2.1", "a"));
        let mapped = trace("::ffff:192.0.2.1", "a");
        assert_eq!(mapped.visitor(&salt), plain.visitor(&salt));
        assert_eq!(mapped.network(&salt), plain.network(&salt));
        let next = trace("192.0.2.2", "a");
        assert_ne!(next.network(&salt), plain.network(&salt));
    }

    #[test]
    fn network_is_the_same_whatever_else_a_request_says_but_not_tomorrow() {
        let network = trace("192.0.2.1", "a").network(&[1; 32]);
        assert_eq!(trace("192.0.2.1", "b").network(&[1; 32]), network);
        assert_ne!(trace("192.0.2.1", "a").network(&[2; 32]), network);
        // Nobody could take one for the other.
        assert_ne!(trace("192.0.2.1", "").visitor(&[1; 32]).0, network.0);
    }
}
