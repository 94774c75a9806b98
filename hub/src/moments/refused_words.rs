//! Words that are not shown to strangers in a sentence of somebody's.
//!
//! The list is short and this project's own, made by hand: insults and obscenities that hurt
//! whoever reads them unasked, and invitations to gamble or to buy people and drugs. No list of
//! others was copied. It keeps out what is plain; a publisher takes the rest down, and readers
//! report it.
//!
//! Invariant: a Western word is found as a word alone, so that no name of a town is refused; signs
//! and spaces between letters, letters that are repeated, digits that stand for letters, letters of
//! full width and traditional forms of Chinese characters hide nothing.

/// English words, in the letters that [`folded`] makes of them.
const ENGLISH: [&str; 35] = [
    "fuck",
    "fucker",
    "fucking",
    "motherfucker",
    "fuckyou",
    "shit",
    "bullshit",
    "bitch",
    "bitches",
    "cunt",
    "cunts",
    "whore",
    "slut",
    "bastard",
    "wanker",
    "asshole",
    "arsehole",
    "dickhead",
    "nigger",
    "niggers",
    "nigga",
    "faggot",
    "faggots",
    "fag",
    "chink",
    "chinks",
    "retard",
    "spic",
    "kike",
    "tranny",
    "porn",
    "cocaine",
    "heroin",
    "casino",
    "killyourself",
];
/// Chinese words.
const CHINESE: [&str; 41] = [
    "傻逼",
    "煞笔",
    "傻比",
    "沙比",
    "操你",
    "草你妈",
    "草泥马",
    "肏",
    "他妈的",
    "你妈逼",
    "妈逼",
    "狗日",
    "婊子",
    "贱人",
    "贱货",
    "妓女",
    "嫖娼",
    "卖淫",
    "约炮",
    "裸聊",
    "色情",
    "强奸",
    "轮奸",
    "去死",
    "弱智",
    "脑残",
    "杂种",
    "王八蛋",
    "滚蛋",
    "支那",
    "黑鬼",
    "死全家",
    "赌场",
    "博彩",
    "毒品",
    "冰毒",
    "海洛因",
    "代开发票",
    "办证",
    "干你娘",
    "干你妈",
];
/// Traditional forms of the characters in [`CHINESE`], each with the simple one.
const SIMPLE_FORMS: [(char, char); 22] = [
    ('筆', '笔'),
    ('媽', '妈'),
    ('賤', '贱'),
    ('貨', '货'),
    ('賣', '卖'),
    ('約', '约'),
    ('強', '强'),
    ('姦', '奸'),
    ('輪', '轮'),
    ('腦', '脑'),
    ('殘', '残'),
    ('雜', '杂'),
    ('種', '种'),
    ('滾', '滚'),
    ('賭', '赌'),
    ('場', '场'),
    ('開', '开'),
    ('發', '发'),
    ('辦', '办'),
    ('證', '证'),
    ('幹', '干'),
    ('馬', '马'),
];

/// Tells whether a text has such a word.
pub(super) fn refused(text: &str) -> bool {
    let small = text.to_lowercase();
    let letters = small.chars().filter(|c| c.is_alphanumeric());
    let chinese: String = letters.map(simple).collect();
    if CHINESE.iter().any(|word| chinese.contains(word)) {
        return true;
    }
    let words: Vec<String> = small
        .split(char::is_whitespace)
        .map(folded)
        .filter(|word| !word.is_empty())
        .collect();
    let known = |word: &str| ENGLISH.iter().any(|refused| folded(refused) == word);
    if words.iter().any(|word| known(word)) {
        return true;
    }
    // Torn in two or three. A single letter is a word of its own: "a Model S hit me".
    let is_torn = |parts: &[String]| {
        parts.iter().all(|part| part.chars().count() > 1) && known(&folded(&parts.concat()))
    };
    if words.windows(2).any(is_torn) || words.windows(3).any(is_torn) {
        return true;
    }
    // Letters with spaces between them.
    let mut spelled = String::new();
    for word in words.iter().map(String::as_str).chain([""]) {
        if word.chars().count() == 1 {
            spelled += word;
            continue;
        }
        if known(&folded(&spelled)) {
            return true;
        }
        spelled.clear();
    }
    false
}

/// The simple form of a character.
fn simple(character: char) -> char {
    let known = SIMPLE_FORMS
        .iter()
        .find(|(traditional, _)| *traditional == character);
    known.map_or(character, |(_, simple)| *simple)
}

/// A word in plain small letters: digits and signs as the letters that they stand for, no other
/// signs, and one letter for three or more of the same.
fn folded(word: &str) -> String {
    let mut runs: Vec<(char, usize)> = Vec::new();
    for character in word.chars() {
        let letter = match character {
            '0' => 'o',
            '1' | '!' | '|' => 'i',
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' => 't',
            // Full width.
            'ａ'..='ｚ' => {
                let at = u32::from(character) - u32::from('ａ') + u32::from('a');
                char::from_u32(at).unwrap_or(character)
            }
            letter => letter,
        };
        match runs.last_mut() {
            Some((last, count)) if *last == letter => *count += 1,
            _ if letter.is_alphabetic() => runs.push((letter, 1)),
            _ => {}
        }
    }
    let runs = runs.into_iter();
    runs.flat_map(|(letter, count)| std::iter::repeat_n(letter, if count < 3 { count } else { 1 }))
        .collect()
}
