//! Several processes of one hub behind one balancer.

use crate::acme::pebble::Pebble;
use crate::acme::{make_old, plain_address, served, until};
use crate::stand::{Stand, is_on_postgres};

const NAME: &str = "hub.example";

#[test]
fn two_processes_get_one_certificate_and_one_renewal_whichever_of_them_the_ca_asks() {
    if !is_on_postgres() {
        return;
    }
    let pebble = Pebble::start(0);
    pebble.calls.hold();
    // Phones reach either by the balancer's address.
    let first = pebble.hub_with(&[NAME], &["--public-url", "https://hub.example"]);
    let second = Stand::start_beside(&first);
    let both = [&first, &second];
    pebble.questions.lead_to(&both.map(plain_address));
    pebble.calls.let_pass();
    let roots = pebble.roots();
    for stand in both {
        until("both have a certificate", stand, || {
            served(stand, &roots, NAME).is_some()
        });
    }
    let one = served(&first, &roots, NAME);
    assert_eq!(served(&second, &roots, NAME), one);
    assert_eq!(pebble.issued(), 1);
    assert!(pebble.questions.connections() > 1, "either was asked");

    // Whichever of the two did it, the other does not know that it was done a moment ago.
    make_old(&first, &pebble.subject(NAME));
    for stand in both {
        until("both have another", stand, || {
            served(stand, &roots, NAME) != one
        });
    }
    let other = served(&first, &roots, NAME);
    assert!(other.is_some());
    assert_eq!(served(&second, &roots, NAME), other);
    assert_eq!(pebble.issued(), 2);
}
