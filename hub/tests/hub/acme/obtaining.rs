//! How a hub gets its certificate, keeps it, renews it, and goes on after its power was cut.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::acme::pebble::{Pebble, REFUSED_NAME};
use crate::acme::{failures, make_old, plain_address, served, told, until};
use crate::stand::Stand;

const NAME: &str = "hub.example";

/// Asks the redirect listener over a connection of its own.
fn asked(stand: &Stand, request: &str) -> String {
    let mut stream = TcpStream::connect(plain_address(stand)).unwrap();
    let request = format!("{request} HTTP/1.1\r\nhost: {NAME}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    said
}

#[test]
fn a_fresh_hub_redirects_until_it_has_a_certificate_and_then_answers_with_it_also_after_a_restart()
{
    let pebble = Pebble::start(20);
    pebble.calls.hold();
    let mut stand = pebble.hub(&[NAME, "second.example"]);
    pebble.questions.lead_to(&[plain_address(&stand)]);
    until("it asks", &stand, || pebble.calls.connections() > 0);
    let (status, words) = told(&stand, "/readyz");
    assert_eq!(
        (status, words.as_str()),
        (503, "there is no certificate yet\n")
    );
    assert!(!told(&stand, "/metrics").1.contains("certificate_expiry"));
    let roots = pebble.roots();
    assert_eq!(served(&stand, &roots, NAME), None);
    let port = stand.base.rsplit(':').next().unwrap().to_owned();
    let redirected = asked(&stand, "GET /s/abc");
    let location = format!("\r\nlocation: https://{NAME}:{port}/s/abc\r\n");
    assert!(redirected.contains(&location), "{redirected}");

    pebble.calls.let_pass();
    until("it has a certificate", &stand, || {
        served(&stand, &roots, NAME).is_some()
    });
    let first = served(&stand, &roots, NAME);
    assert_eq!(served(&stand, &roots, "second.example"), first);
    assert_eq!(served(&stand, &roots, "other.example"), None);
    let (status, words) = told(&stand, "/readyz");
    assert_eq!(status, 200);
    assert!(
        words.starts_with("ok\nthe certificate is good until 20"),
        "{words}"
    );
    assert_eq!(failures(&stand), Some(0));
    let expiry = "\npasserby_hub_certificate_expiry_timestamp_seconds ";
    assert!(told(&stand, "/metrics").1.contains(expiry));
    assert_eq!(pebble.issued(), 1);

    stand.kill_and_restart();
    assert_eq!(served(&stand, &roots, NAME), first);
    assert_eq!(pebble.issued(), 1);
}

#[test]
fn what_is_no_challenge_of_this_hub_is_not_found_and_nothing_of_it_comes_back() {
    let pebble = Pebble::start(0);
    pebble.calls.hold();
    let stand = pebble.hub(&[NAME]);
    let long = "a".repeat(4_000);
    for token in [
        "",
        "evil",
        "DGyRejmCefe7v4NfDGDKfA-GJ4XWlzlX8CJzQ8MRdcQ",
        "..%2fkeys.json",
        "%3Cscript%3E",
        "a/b",
        "a?b=%3Cscript%3E",
        &long,
    ] {
        for method in ["GET", "HEAD"] {
            let said = asked(
                &stand,
                &format!("{method} /.well-known/acme-challenge/{token}"),
            );
            assert!(said.starts_with("HTTP/1.1 404 "), "{said}");
            let body = said.split_once("\r\n\r\n").unwrap().1;
            assert_eq!(body, "", "{token}");
            assert!(!said.contains("location"), "{said}");
        }
    }
    let said = asked(&stand, "POST /.well-known/acme-challenge/evil");
    assert!(said.starts_with("HTTP/1.1 405 "), "{said}");
}

#[test]
fn a_certificate_near_its_end_is_renewed_and_serves_until_the_new_one_is_there() {
    let pebble = Pebble::start(0);
    let stand = pebble.hub(&[NAME]);
    pebble.questions.lead_to(&[plain_address(&stand)]);
    let roots = pebble.roots();
    until("it has a certificate", &stand, || {
        served(&stand, &roots, NAME).is_some()
    });
    let first = served(&stand, &roots, NAME);
    pebble.calls.hold();
    let old = make_old(&stand, &pebble.subject(NAME));
    until("it asks again", &stand, || pebble.calls.waiting() > 0);
    assert_eq!(served(&stand, &roots, NAME), first);
    pebble.calls.let_pass();
    until("it has another certificate", &stand, || {
        served(&stand, &roots, NAME) != first
    });
    assert!(served(&stand, &roots, NAME).is_some());
    let new = stand.hub().store.acme_certificate(&pebble.subject(NAME));
    let new = new.unwrap().unwrap();
    assert!(new.not_after_ms > old.not_after_ms);
    assert_ne!(new.sealed_key, old.sealed_key);
    assert_eq!(pebble.issued(), 2);
    assert_eq!(
        pebble.count("There are now 1 accounts"),
        1,
        "it comes back to its account"
    );
}

#[test]
fn a_hub_whose_power_was_cut_in_the_middle_goes_on_with_the_same_order() {
    let pebble = Pebble::start(0);
    pebble.calls.hold();
    let mut stand = pebble.hub(&[NAME]);
    let subject = pebble.subject(NAME);
    let store = stand.hub().store;
    until("it has an order", &stand, || {
        pebble.calls.let_one_pass();
        store.acme_order(&subject).unwrap().is_some()
    });
    drop(store);
    stand.kill();
    // What the dead hub had still sent would have the CA look before there is an answer.
    pebble.calls.throw_away();
    pebble.calls.let_pass();
    stand.start_again();
    pebble.questions.lead_to(&[plain_address(&stand)]);
    let roots = pebble.roots();
    until("it has a certificate", &stand, || {
        served(&stand, &roots, NAME).is_some()
    });
    let log = stand.log();
    assert!(log.contains("the order of before is gone on with"), "{log}");
    assert_eq!(pebble.count("Added order"), 1);
    assert_eq!(pebble.issued(), 1);
}

#[test]
fn a_ca_that_refuses_is_told_in_its_own_words_and_asked_again_after_a_pause() {
    let pebble = Pebble::start(0);
    let stand = pebble.hub(&[REFUSED_NAME]);
    until("it is refused", &stand, || failures(&stand) == Some(1));
    let log = stand.log();
    assert!(
        log.contains("there is no new certificate; next attempt at 20"),
        "{log}"
    );
    assert!(log.contains("the CA refuses: "), "{log}");
    assert!(
        log.contains("(rejectedIdentifier); name with --acme-domain"),
        "{log}"
    );
    let (status, words) = told(&stand, "/readyz");
    assert_eq!(status, 503);
    assert!(
        words.contains("there is no new certificate: the CA refuses"),
        "{words}"
    );

    // And whoever does not lead port 80 of the name to the hub learns that.
    let stand = pebble.hub(&[NAME]);
    until("it is refused", &stand, || failures(&stand) == Some(1));
    let log = stand.log();
    assert!(log.contains(&format!("the CA refuses: {NAME}: ")), "{log}");
    assert!(log.contains("on port 80 from outside"), "{log}");
    assert!(asked(&stand, "GET /").starts_with("HTTP/1.1 308 "));
    assert_eq!(pebble.issued(), 0);
}

#[test]
fn a_restart_asks_no_sooner_and_what_is_wrong_is_known_at_once() {
    let pebble = Pebble::start(0);
    let mut stand = pebble.hub(&[REFUSED_NAME]);
    until("it is refused", &stand, || failures(&stand) == Some(1));
    let orders = pebble.count("order-plz");
    for _ in 0..3 {
        stand.kill_and_restart();
        assert_eq!(failures(&stand), Some(1));
        assert!(told(&stand, "/readyz").1.contains("refuses"));
    }
    assert_eq!(pebble.count("order-plz"), orders);
}
