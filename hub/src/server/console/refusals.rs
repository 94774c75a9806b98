//! Pages that say why something was not done.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use maud::html;

use crate::server::console::asker::Visitor;
use crate::server::console::layout;
use crate::store::{StoreError, Whose};

fn page(
    visitor: &Visitor,
    status: StatusCode,
    title: [&'static str; 2],
    text: [&'static str; 2],
) -> Response {
    let body = html! {
        p { (visitor.say(text)) }
        p { a.button href=(visitor.at("/console")) { (visitor.say(["回到概览", "Back to the overview"])) } }
    };
    (status, layout::outside(visitor, visitor.say(title), &body)).into_response()
}

/// The role has no right to it, or it is in no group of theirs.
pub(crate) fn not_yours(visitor: &Visitor) -> Response {
    page(
        visitor,
        StatusCode::FORBIDDEN,
        ["没有权限", "Not yours to do"],
        [
            "你的角色不能做这件事。需要的话，请联系所有者。",
            "Your role does not allow this. Ask an owner if you need it.",
        ],
    )
}

/// There is nothing at this address, or nothing that the asker has to do with.
pub(crate) fn not_here(visitor: &Visitor) -> Response {
    page(
        visitor,
        StatusCode::NOT_FOUND,
        ["这里什么都没有", "Nothing here"],
        ["链接可能已经失效。", "What was here may be gone."],
    )
}

/// A form that no page of this session has sent.
pub(crate) fn foreign_form(visitor: &Visitor) -> Response {
    page(
        visitor,
        StatusCode::FORBIDDEN,
        ["没有保存", "Not saved"],
        [
            "这个表单已经过期，或者不是从这里发出的。请回到页面再试一次。",
            "This form is too old, or was not sent from here. Go back to its page and try again.",
        ],
    )
}

/// More than any form of ours has.
pub(crate) fn too_large(visitor: &Visitor) -> Response {
    page(
        visitor,
        StatusCode::PAYLOAD_TOO_LARGE,
        ["没有保存", "Not saved"],
        [
            "内容太长，或者没有传完。",
            "That was too long, or did not arrive in time.",
        ],
    )
}

/// There is no room for what comes.
pub(crate) fn full(visitor: &Visitor, whose: Option<Whose>) -> Response {
    let words = match whose {
        Some(Whose::Slot) => [
            "这个档期的空间不够了。拿掉里面不用的文件，或者请管理 hub 的人调高上限。",
            "There is no room for it in this slot. Take files out that nobody needs, or ask whoever runs the hub for more.",
        ],
        _ => [
            "存储空间不够了。删掉不用的草稿，或者请管理 hub 的人调高上限。",
            "There is no room for it. Delete drafts that nobody needs, or ask whoever runs the hub for more.",
        ],
    };
    let title = ["没有保存", "Not saved"];
    page(visitor, StatusCode::PAYLOAD_TOO_LARGE, title, words)
}

/// The network asks too often.
pub(crate) fn too_fast(visitor: &Visitor, again_s: u32) -> Response {
    let page = page(
        visitor,
        StatusCode::TOO_MANY_REQUESTS,
        ["慢一点", "A little slower, please"],
        [
            "这个网络刚才请求得太多了。请过一会儿再试。",
            "There was too much from this network just now. Try again in a moment.",
        ],
    );
    ([(header::RETRY_AFTER, again_s.to_string())], page).into_response()
}

/// The database failed, or what was asked for is not there for this person.
pub(crate) fn failed(visitor: &Visitor, error: &StoreError) -> Response {
    if matches!(error, StoreError::OutOfScope) {
        return not_here(visitor);
    }
    crate::system::repeated_errors::tell("a page of the console failed", error);
    later(visitor)
}

/// The form is damaged.
pub(crate) fn damaged_form(visitor: &Visitor) -> Response {
    page(
        visitor,
        StatusCode::UNPROCESSABLE_ENTITY,
        ["没有保存", "Not saved"],
        [
            "这个表单没有完整地传到。请回到页面再试一次。",
            "This form arrived damaged. Go back to its page and try again.",
        ],
    )
}

/// Others have so much under way that this waits.
pub(crate) fn busy(visitor: &Visitor) -> Response {
    let page = page(
        visitor,
        StatusCode::SERVICE_UNAVAILABLE,
        ["请稍等再试", "One moment, please"],
        [
            "正在检查的内容太多。什么都没有改变；过一分钟再试一次。",
            "There is much to look at just now. Nothing was changed: try again in a minute.",
        ],
    );
    ([(header::RETRY_AFTER, "60")], page).into_response()
}

/// The hub cannot answer now.
pub(crate) fn later(visitor: &Visitor) -> Response {
    let page = page(
        visitor,
        StatusCode::SERVICE_UNAVAILABLE,
        ["请稍等再试", "One moment, please"],
        [
            "数据库暂时没有回应。什么都没有丢失。",
            "The database does not answer just now. Nothing was lost.",
        ],
    );
    ([(header::RETRY_AFTER, "30")], page).into_response()
}
