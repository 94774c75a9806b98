//! What the forms for somebody new and for one of the people have in common.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};

use crate::people::{GROUPS_MAX, NameError, Role, Scope, Secret, group};
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::layout::{self, Chapter};
use crate::server::console::pages::join::name_words;
use crate::server::console::words;
use crate::store::{PeopleError, Store, StoreError};

/// The groups that there are.
pub(crate) struct Known {
    screens: Vec<String>,
    campaigns: Vec<String>,
}

impl Known {
    pub(crate) fn read(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            screens: store.screen_words(&Scope::ALL)?.0,
            campaigns: store.campaign_groups(&Scope::ALL)?,
        })
    }
}

/// The fields for a role and what it is held to.
pub(crate) fn rights_fields(asker: &Asker, known: &Known, role: Role, scope: &Scope) -> Markup {
    let bound = |kind: &'static str,
                 words: [&'static str; 2],
                 groups: &[String],
                 held: &Option<std::collections::BTreeSet<String>>| {
        let texts: Vec<&str> = held.iter().flatten().map(String::as_str).collect();
        let texts = texts.join(", ");
        let (of, name, list) = (
            format!("of-{kind}s"),
            format!("{kind}-groups"),
            format!("{kind}-groups-known"),
        );
        html! {
            fieldset {
                legend { (asker.say(words)) }
                label.check { input type="radio" name=(of) value="all" checked[held.is_none()]; span { (asker.say(["全部", "All of them"])) } }
                label.check { input type="radio" name=(of) value="some" checked[held.is_some()]; span { (asker.say(["只限这些分组", "Only these groups"])) } }
                input name=(name) value=(texts) autocomplete="off" aria-label=(asker.say(["分组名称，用逗号分开", "Names of groups, with commas between them"])) aria-describedby=(list);
                p.hint id=(list) {
                    @if groups.is_empty() { (asker.say(["还没有分组", "There is no group yet"])) }
                    @else { (asker.say(["已有：", "There are: "])) (groups.join(", ")) }
                }
            }
        }
    };
    html! {
        fieldset {
            legend { (asker.say(["角色", "Role"])) }
            @for one in Role::ALL {
                label.check {
                    input type="radio" name="role" value=(one.word()) checked[one == role];
                    span { (asker.say(words::role(one))) small { (asker.say(words::role_means(one))) } }
                }
            }
        }
        details open[!scope.is_all()] {
            summary { (asker.say(["只限某些屏幕或活动", "Hold them to some screens or campaigns"])) }
            (bound("screen", ["哪些屏幕", "Which screens"], &known.screens, &scope.screens))
            (bound("campaign", ["哪些活动", "Which campaigns"], &known.campaigns, &scope.campaigns))
        }
    }
}

/// Reads a role and what it is held to.
pub(crate) fn rights_of(fields: &Fields) -> Result<(Role, Scope), [&'static str; 2]> {
    let role = fields.get("role").parse::<Role>();
    let role = role.map_err(|_| ["请选择角色。", "Choose a role."])?;
    // Whoever names groups means these, and nobody gets more than was meant.
    let is_typed = |name: &str| fields.all(name).any(|text| !text.trim().is_empty());
    let both = [
        ("of-screens", "screen-groups"),
        ("of-campaigns", "campaign-groups"),
    ];
    if both
        .iter()
        .any(|(is_bound, name)| fields.get(is_bound) != "some" && is_typed(name))
    {
        return Err([
            "写了分组，却还选着“全部”。请选“只限这些分组”，或者清空分组名称。",
            "You named groups, and “All of them” is still chosen. Choose “Only these groups”, or empty the field.",
        ]);
    }
    let groups = |is_bound: &str, name: &str| -> Result<Option<BTreeSet<String>>, NameError> {
        if fields.get(is_bound) != "some" {
            return Ok(None);
        }
        let mut groups = BTreeSet::new();
        for text in fields
            .all(name)
            .flat_map(|text| text.split([',', '，', '、']))
        {
            groups.extend(group(text)?);
        }
        if groups.len() > GROUPS_MAX {
            return Err(NameError::Many(GROUPS_MAX));
        }
        Ok(Some(groups))
    };
    let read = groups("of-screens", "screen-groups").and_then(|screens| {
        let campaigns = groups("of-campaigns", "campaign-groups")?;
        Ok(Scope { screens, campaigns })
    });
    let scope = read.map_err(name_words)?;
    Ok((role, scope))
}

/// Says why nothing was changed.
pub(crate) fn why(error: &PeopleError) -> [&'static str; 2] {
    match error {
        PeopleError::LastOwner => [
            "至少要有一个所有者。先让别人成为所有者。",
            "A hub needs an owner. Make somebody else one first.",
        ],
        PeopleError::BoundOwner => [
            "所有者不能只限于某些分组。请选另一个角色。",
            "An owner has to do with all groups. Choose another role.",
        ],
        PeopleError::TooMany(_) => [
            "已经太多了，先去掉一个。",
            "There are too many already; remove one first.",
        ],
        PeopleError::NameTaken => [
            "这个名字已经有人用了。",
            "Somebody here is called that already.",
        ],
        PeopleError::Unknown | PeopleError::LinkOver => ["它已经不在了。", "It is gone already."],
        PeopleError::Store(_) => ["数据库没有回应。", "The database does not answer."],
    }
}

/// Shows a link, this once.
pub(crate) fn link_page(app: &Shared, asker: &Asker, secret: &Secret) -> Response {
    let link = app
        .public_url
        .absolute(&format!("/console/join/{}", secret.as_str()));
    let body = html! {
        section {
            p { (asker.say(["把这个链接发给对方。它只能用一次，七天内有效，也只显示这一次。", "Send them this link. It works once, within seven days, and is shown this once."])) }
            p { code.secret { (link) } }
        }
        p { a.button href=(asker.at("/console/people")) { (asker.say(["回到人员", "Back to people"])) } }
    };
    let page = layout::page(
        asker,
        Chapter::People,
        asker.say(["链接做好了", "The link is ready"]),
        &Fields::default(),
        &body,
    );
    (StatusCode::CREATED, page).into_response()
}
