//! What the help of both programs ends with: exit codes, and what is read from the environment.

/// Keeps colours out of what programs print, by common consent (<https://no-color.org>).
pub const NO_COLOUR_VARIABLE: &str = "NO_COLOR";

/// A word that a program gives out or looks for, and what it means.
pub type Meaning = (String, String);

/// Writes exit codes and variables below each other, as `--help` shows them.
pub fn exit_codes_and_environment(exit_codes: &[(u8, &str)], environment: &[Meaning]) -> String {
    let codes = exit_codes
        .iter()
        .map(|(code, means)| format!("  {code}  {means}\n"));
    let variables = environment
        .iter()
        .map(|(name, means)| format!("  {name}\n          {means}\n"));
    let (codes, variables): (String, String) = (codes.collect(), variables.collect());
    format!("Exit codes:\n{codes}\nEnvironment:\n{variables}")
}
