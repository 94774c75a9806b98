//! Which addresses are of the public internet: what a stranger names is opened only there.
//!
//! Invariants: an address is judged, never a name, so what a name leads to at the moment of
//! connecting counts; an address that carries another inside (mapped, translated, tunnelled) is
//! judged by the inner one; what is not known to be public is not.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Says what kind of address this is, if it is none of the public internet (IANA's registries of
/// special-purpose addresses, RFC 6890).
pub fn not_public(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => not_public_v4(address),
        IpAddr::V6(address) => not_public_v6(address),
    }
}

fn not_public_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    Some(match (a, b, c) {
        (127, ..) => "this machine itself",
        (0, ..) => "no address of a server",
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => "a private address",
        (169, 254, _) => "an address of the local link",
        (100, 64..=127, _) => "an address inside a provider's network",
        (224..=239, ..) => "an address of many machines at once",
        (192, 0, 0) | (198, 18..=19, _) | (240..=255, ..) => "a reserved address",
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => "an address for examples",
        _ => return None,
    })
}

fn not_public_v6(address: Ipv6Addr) -> Option<&'static str> {
    let parts = address.segments();
    if let Some(inner) = inner_v4(&parts) {
        return not_public_v4(inner);
    }
    Some(match parts {
        [0, 0, 0, 0, 0, 0, 0, 1] => "this machine itself",
        [0, 0, 0, 0, 0, 0, 0, 0] => "no address of a server",
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => "a private address",
        [0xfe80..=0xfebf, ..] => "an address of the local link",
        [0xff00..=0xffff, ..] => "an address of many machines at once",
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => "an address for examples",
        // Teredo (RFC 4380) hides an address that it does not carry whole.
        [0x2001, 0..=0x1ff, ..] => "a reserved address",
        // All that is given out for public use so far.
        [0x2000..=0x3fff, ..] => return None,
        _ => "a reserved address",
    })
}

/// The IPv4 address inside: mapped and compatible (RFC 4291), translated (RFC 6052), 6to4 (RFC
/// 3056), ISATAP (RFC 5214).
fn inner_v4(parts: &[u16; 8]) -> Option<Ipv4Addr> {
    let join = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match *parts {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => Some(join(high, low)),
        [0x2002, high, low, ..] => Some(join(high, low)),
        _ => None,
    }
}

/// Says what a connection has turned out to lead to, if it did not leave this machine or the
/// network around it. `own` is this machine's address on it.
pub fn too_near(own: IpAddr, address: IpAddr) -> Option<&'static str> {
    match (own, address) {
        _ if own == address => Some("this machine itself"),
        // Each network has its own 64 bits (RFC 4291 section 2.5.4).
        (IpAddr::V6(own), IpAddr::V6(address))
            if own.segments()[..4] == address.segments()[..4] =>
        {
            Some("in the network of this machine")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(address: &str) -> Option<&'static str> {
        not_public(address.parse().expect(address))
    }

    #[test]
    fn what_is_not_public_is_known_in_every_form() {
        for address in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.8",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.251",
            "239.1.1.1",
            "255.255.255.255",
            "::",
            "::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::10.0.0.1",
            "::ffff:0:10.0.0.1",
            "64:ff9b::192.168.1.1",
            "64:ff9b:1::1",
            "2002:c0a8:0101::1",
            "2002:7f00:1::",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:db8::1",
            "2a00:1450::5efe:10.0.0.1",
            "100::1",
            "4000::1",
        ] {
            assert!(kind(address).is_some(), "{address}");
        }
    }

    #[test]
    fn the_public_internet_is_open_also_by_way_of_a_translator() {
        for address in [
            "1.1.1.1",
            "93.184.216.34",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.169.0.1",
            "223.5.5.5",
            "2606:4700:4700::1111",
            "2a00:1450:4001:80b::200e",
            "64:ff9b::1.1.1.1",
            "::ffff:1.1.1.1",
            "2002:101:101::1",
        ] {
            assert_eq!(kind(address), None, "{address}");
        }
    }

    #[test]
    fn what_a_connection_turns_out_to_reach_counts_too() {
        let ip = |text: &str| text.parse::<IpAddr>().expect(text);
        let near = |own, other| too_near(ip(own), ip(other));
        assert!(near("93.184.216.34", "93.184.216.34").is_some());
        assert!(
            near("2a00:1::5", "2a00:1::1").is_some(),
            "the router beside it"
        );
        assert_eq!(near("2a00:1::5", "2a00:1:0:1::1"), None);
        assert_eq!(near("93.184.216.34", "93.184.216.35"), None);
    }
}
