//! Which elements of a drawing use which others: by `href`, by `url(#…)` in attributes, and by
//! style rules.
//!
//! Style rules are matched by the last part of their selectors alone, so a rule may be taken to
//! apply where it does not, and never the other way round.

use std::collections::HashMap;

use resvg::usvg::roxmltree::{Document, Node, NodeId};

/// One rule of a style sheet that links to something.
struct Rule {
    /// What an element must have; one of them is enough.
    needs: Vec<Need>,
    targets: Vec<NodeId>,
}

enum Need {
    Anything,
    Class(String),
    Id(String),
    Tag(String),
}

/// The links of a drawing.
pub(super) struct Links<'a, 'input> {
    ids: HashMap<&'a str, NodeId>,
    rules: Vec<Rule>,
    /// How many rules its style sheets have, links or none.
    pub(super) rule_count: usize,
    document: &'a Document<'input>,
}

/// Elements whose `href` draws something; that of others leads people elsewhere.
const DRAWS: [&str; 9] = [
    "use",
    "image",
    "feImage",
    "pattern",
    "linearGradient",
    "radialGradient",
    "filter",
    "textPath",
    "tref",
];

impl<'a, 'input> Links<'a, 'input> {
    pub(super) fn of(document: &'a Document<'input>) -> Self {
        let mut ids = HashMap::new();
        for node in document.descendants() {
            if let Some(id) = node.attribute("id") {
                ids.entry(id).or_insert_with(|| node.id());
            }
        }
        let mut links = Self {
            ids,
            rules: Vec::new(),
            rule_count: 0,
            document,
        };
        for node in document.descendants() {
            if node.tag_name().name() == "style" {
                let css: String = node.children().filter_map(|child| child.text()).collect();
                links.read(&css);
            }
        }
        links
    }

    fn read(&mut self, css: &str) {
        let css = without_comments(css);
        let mut selector = "";
        let mut from = 0;
        for (at, sign) in css.char_indices() {
            match sign {
                '{' => {
                    selector = &css[from..at];
                    from = at + 1;
                }
                '}' => {
                    let targets = self.targets(&css[from..at]);
                    self.rule_count += 1;
                    if !targets.is_empty() {
                        self.rules.push(Rule {
                            needs: selector.split(',').map(need).collect(),
                            targets,
                        });
                    }
                    from = at + 1;
                }
                _ => {}
            }
        }
    }

    /// What a piece of text links to by `url(#…)`.
    fn targets(&self, text: &str) -> Vec<NodeId> {
        let mut targets = Vec::new();
        for piece in text.split("url(").skip(1) {
            let name = piece
                .split(')')
                .next()
                .unwrap_or_default()
                .trim_matches(|sign: char| sign.is_whitespace() || sign == '"' || sign == '\'');
            let target = name.strip_prefix('#').and_then(|name| self.ids.get(name));
            targets.extend(target);
        }
        targets
    }

    /// Everything that an element uses.
    pub(super) fn from(&self, node: Node<'_, '_>) -> Vec<Node<'a, 'input>> {
        let mut targets = Vec::new();
        let tag = node.tag_name().name();
        for attribute in node.attributes() {
            if attribute.name() == "href" {
                if DRAWS.contains(&tag) {
                    let name = attribute.value().trim().strip_prefix('#');
                    targets.extend(name.and_then(|name| self.ids.get(name)));
                }
            } else if attribute.value().contains("url(") {
                targets.extend(self.targets(attribute.value()));
            }
        }
        let classes = node.attribute("class").unwrap_or_default();
        for rule in &self.rules {
            let applies = rule.needs.iter().any(|need| match need {
                Need::Anything => true,
                Need::Class(class) => classes.split_whitespace().any(|known| known == class),
                Need::Id(id) => node.attribute("id") == Some(id),
                Need::Tag(name) => tag == name,
            });
            if applies {
                targets.extend(&rule.targets);
            }
        }
        targets
            .into_iter()
            .filter_map(|id| self.document.get_node(id))
            .collect()
    }

    /// The file or address that an element asks for, if it asks for one.
    pub(super) fn outside<'n>(node: Node<'n, '_>) -> Option<&'n str> {
        if !["use", "image", "feImage"].contains(&node.tag_name().name()) {
            return None;
        }
        node.attributes()
            .filter(|attribute| attribute.name() == "href")
            .map(|attribute| attribute.value().trim())
            .find(|value| {
                !value.is_empty() && !value.starts_with('#') && !value.starts_with("data:")
            })
    }
}

/// What the last part of a selector asks of an element.
fn need(selector: &str) -> Need {
    let last = selector
        .trim()
        .rsplit(|sign: char| sign.is_whitespace() || matches!(sign, '>' | '+' | '~'))
        .next()
        .unwrap_or_default();
    let ends = |sign: char| matches!(sign, '.' | '#' | ':' | '[');
    let after = |mark: char| {
        let (_, rest) = last.split_once(mark)?;
        Some(rest.split(ends).next().unwrap_or_default().to_owned())
    };
    if last.contains([':', '[', '\\']) {
        Need::Anything
    } else if let Some(class) = after('.') {
        Need::Class(class)
    } else if let Some(id) = after('#') {
        Need::Id(id)
    } else if last.is_empty() || last == "*" {
        Need::Anything
    } else {
        Need::Tag(last.to_owned())
    }
}

pub(super) fn without_comments(css: &str) -> String {
    let mut kept = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, comment)) = rest.split_once("/*") {
        kept.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept
}
