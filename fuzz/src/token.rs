//! Any text as a token: read as what it says or refused, and accepted only if it is one of those
//! that were minted.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use passerby_protocol::token::{TokenContents, TokenKey};
use passerby_protocol::{Assignment, PlayNumber, ScreenNumber, Token, base32};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// The first of the minted tokens, which the corpus and the dictionary hold.
const FIRST: &str = "000000800080000J0001X2E23KX4J2Y2";

/// A key, and all that it ever minted, by text.
struct Mint {
    key: TokenKey,
    other_key: TokenKey,
    tokens: BTreeMap<[u8; 32], TokenContents>,
}

static MINT: LazyLock<Mint> = LazyLock::new(|| {
    let number = |n| ScreenNumber::new(n).expect("in range");
    let key = TokenKey::derive(&[7; 32], number(1), 0);
    // generation, screen, assignment, play, minutes: small, neighbours, and the largest of each.
    let said: [(u8, u32, u32, u32, u32); 8] = [
        (0, 1, 1, 0x12, 0x1E),
        (0, 1, 1, 0x13, 0x1E),
        (0, 1, 2, 0x12, 0x1F),
        (0, 1, 1, 0, 0),
        (1, 1, 1, 0x12, 0x1E),
        (
            7,
            ScreenNumber::MAX,
            Assignment::MAX,
            PlayNumber::MAX,
            0xFF_FFFF,
        ),
        (0, 0, 0, 0, 0),
        (3, 0x0123_4567, 0xABCDE, 0x0765_4321, 0x5A_5A5A),
    ];
    let tokens = said.map(|(generation, screen, assignment, play, minutes)| {
        let contents = TokenContents {
            generation,
            screen: number(screen),
            assignment: Assignment::new(assignment).expect("in range"),
            play: PlayNumber::new(play).expect("in range"),
            minutes,
        };
        (written(&Token::mint(contents, &key)), contents)
    });
    let first = String::from_utf8_lossy(&tokens[0].0).into_owned();
    assert_eq!(first, FIRST, "the corpus was made for other tokens");
    Mint {
        other_key: TokenKey::derive(&[7; 32], number(1), 1),
        tokens: tokens.into(),
        key,
    }
});

/// Tries the bytes as a text, as the bits of a token, and as changes to a minted one.
pub fn run(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        check(text);
    }
    if let Some(bits) = bytes.first_chunk::<20>() {
        check(&base32::encode(bits));
    }
    if let Some((&which, changes)) = bytes.split_first() {
        let mut minted = MINT.tokens.keys();
        let mut text = *minted
            .nth(usize::from(which) % MINT.tokens.len())
            .expect("there are some");
        for change in changes.chunks_exact(2) {
            text[usize::from(change[0] % 32)] = change[1] & 127;
        }
        check(std::str::from_utf8(&text).expect("ASCII"));
    }
}

fn check(text: &str) {
    let token = Token::parse(text);
    let Some(canonical) = canonical(text) else {
        assert_eq!(token, None, "{text:?} has not the form of a token");
        return;
    };
    let token = token.unwrap_or_else(|| panic!("{text:?} has the form of a token"));
    assert_eq!(
        written(&token),
        canonical,
        "{text:?} is displayed otherwise"
    );
    assert_eq!(
        Token::parse(&token.to_string().to_ascii_lowercase()),
        Some(token)
    );
    let minted = MINT.tokens.get(&canonical);
    assert_eq!(token.verify(&MINT.key), minted, "{text:?}");
    assert_eq!(token.verify(&MINT.other_key), None, "{text:?}");
    let minted_again = Token::mint(*token.unverified(), &MINT.key);
    assert_eq!(minted_again == token, minted.is_some(), "{text:?}");
}

/// The form in which a token is minted, if the text can be read as one: 32 letters of Crockford's
/// base 32, no more.
fn canonical(text: &str) -> Option<[u8; 32]> {
    let mut characters = <[u8; 32]>::try_from(text.as_bytes()).ok()?;
    for character in &mut characters {
        character.make_ascii_uppercase();
        match *character {
            b'O' => *character = b'0',
            b'I' | b'L' => *character = b'1',
            _ => {}
        }
    }
    // Five bits a character: the format bit is set from G on.
    let form = characters
        .iter()
        .all(|character| ALPHABET.contains(character))
        && characters[0] < b'G';
    form.then_some(characters)
}

fn written(token: &Token) -> [u8; 32] {
    let text = token.to_string();
    text.as_bytes().try_into().expect("32 characters")
}
