//! The words of the console for what is kept as one word: roles, rights, states, what somebody did.

use crate::alerts::OwnReason;
use crate::people::{Right, Role, Scope};
use crate::server::language::Language;
use crate::store::audit::Verb;
use crate::store::{AlertKind, ScreenState};

/// What a role is called.
pub(crate) const fn role(role: Role) -> [&'static str; 2] {
    match role {
        Role::Owner => ["所有者", "Owner"],
        Role::Operator => ["管理员", "Operator"],
        Role::Publisher => ["发布者", "Publisher"],
        Role::Contributor => ["投稿者", "Contributor"],
        Role::Viewer => ["查看者", "Viewer"],
    }
}

/// What somebody with a role does.
pub(crate) const fn role_means(role: Role) -> [&'static str; 2] {
    match role {
        Role::Owner => [
            "可以做一切，并决定谁能做什么",
            "May do everything, and decides who may do what",
        ],
        Role::Operator => [
            "管理屏幕，查看活动和数据",
            "Runs screens; sees campaigns and figures",
        ],
        Role::Publisher => [
            "管理活动，查看屏幕和数据",
            "Runs campaigns; sees screens and figures",
        ],
        Role::Contributor => [
            "为活动上传内容，由发布者批准",
            "Hands in content for campaigns; publishers approve it",
        ],
        Role::Viewer => ["只查看，不改动", "Looks, and changes nothing"],
    }
}

/// What a right is called, of a token.
pub(crate) const fn right(right: Right) -> [&'static str; 2] {
    match right {
        Right::SeeScreens => ["查看屏幕", "See screens"],
        Right::ChangeScreens => ["管理屏幕", "Change screens"],
        Right::SeeCampaigns => ["查看活动", "See campaigns"],
        Right::ChangeCampaigns => ["管理活动", "Change campaigns"],
        Right::ChangeDrafts => ["编辑草稿", "Work on drafts"],
        Right::SeeReports => ["查看报表", "See reports"],
        Right::ChangePeople => ["管理人员", "Change people"],
        Right::SeeAudit => ["查看记录", "See the audit log"],
        Right::ChangeAlerts => ["管理提醒", "Change alerts"],
        Right::RaiseEmergency => ["发布紧急消息", "Raise an emergency"],
        Right::ChangeSlots => ["管理档期", "Open slots"],
        Right::ChangeSettings => ["更改全局设置", "Change settings of the hub"],
    }
}

/// What is wrong with a screen, in short.
pub(crate) const fn alert(kind: AlertKind) -> [&'static str; 2] {
    match kind {
        AlertKind::Silent => ["无联系", "Silent"],
        AlertKind::Dark => ["黑屏", "Dark"],
        AlertKind::Full => ["存储快满", "Nearly full"],
        AlertKind::Clock => ["时间不可信", "Unsure of the time"],
        AlertKind::Voices => ["路人的新留言", "New voices of passers-by"],
    }
}

/// Why the hub itself did not send a message.
pub(crate) const fn unsent(reason: OwnReason) -> [&'static str; 2] {
    let chinese = match reason {
        OwnReason::NoMailServer => "还没有邮件服务器；请所有者在提醒页面设置",
        OwnReason::OthersPassword => "邮件服务器的密码是另一个 hub 加密的，请重新填写",
        OwnReason::OthersHook => "这个地址是另一个 hub 加密的，请重新填写",
        OwnReason::NoHook => "这条规则已经没有机器人或程序的地址了",
        OwnReason::NoAddress => "这不是邮件地址",
        OwnReason::NoLink => "这不是 http 或 https 链接",
    };
    [chinese, reason.text()]
}

/// A role, and the groups that somebody is held to.
pub(crate) fn with_scope(language: Language, role: &str, scope: &Scope) -> String {
    let mut said = role.to_owned();
    for (groups, of) in [
        (&scope.screens, ["屏幕：", "screens: "]),
        (&scope.campaigns, ["活动：", "campaigns: "]),
    ] {
        if let Some(groups) = groups {
            let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
            said += &format!(" · {}{}", language.say(of), groups.join(", "));
        }
    }
    said
}

/// How a screen is.
pub(crate) const fn state(state: ScreenState) -> [&'static str; 2] {
    match state {
        ScreenState::InTouch => ["在线", "In touch"],
        ScreenState::Silent => ["无联系", "Silent"],
        ScreenState::Waiting => ["等待终端", "Waiting"],
        ScreenState::Revoked => ["已停用", "Out of service"],
    }
}

/// What somebody did.
pub(crate) fn verb(language: Language, word: &str) -> String {
    let known = Verb::ALL.iter().find(|verb| verb.word() == word);
    match known {
        Some(known) => language.say(of_verb(*known)).to_owned(),
        // Of a newer hub that shares the database.
        None => word.to_owned(),
    }
}

const fn of_verb(verb: Verb) -> [&'static str; 2] {
    match verb {
        Verb::AddedScreen => ["添加屏幕", "Added a screen"],
        Verb::PairedScreen => ["配对屏幕", "Paired a screen"],
        Verb::ChangedScreen => ["修改屏幕", "Changed a screen"],
        Verb::RenewedScreen => ["更换终端", "Let another terminal take a screen over"],
        Verb::RevokedScreen => ["停用屏幕", "Took a screen out of service"],
        Verb::RotatedKey => ["更换屏幕密钥", "Gave a screen a new key"],
        Verb::Published => ["发布活动", "Published a campaign"],
        Verb::TookOff => ["撤下活动", "Took a campaign off the screens"],
        Verb::GroupedCampaign => ["活动分组", "Put a campaign into a group"],
        Verb::MadeDraft => ["新建草稿", "Began a draft"],
        Verb::ChangedDraft => ["修改草稿", "Changed a draft"],
        Verb::SubmittedDraft => ["提交草稿", "Handed a draft in"],
        Verb::ReturnedDraft => ["退回草稿", "Sent a draft back"],
        Verb::DeletedDraft => ["删除草稿", "Deleted a draft"],
        Verb::CalledFilmOff => ["取消处理视频", "Had a film stay as it came"],
        Verb::TriedFilmAgain => ["再次处理视频", "Had a film tried again"],
        Verb::SetQuota => ["设定存储上限", "Set the room for files"],
        Verb::OpenedSlot => ["开档期", "Opened a slot"],
        Verb::ClosedSlot => ["关闭档期", "Closed a slot"],
        Verb::AddedDomain => ["添加域名", "Added a domain"],
        Verb::RemovedDomain => ["移除域名", "Removed a domain"],
        Verb::Invited => ["发出邀请", "Invited somebody"],
        Verb::Withdrew => ["撤回邀请", "Took an invitation back"],
        Verb::Joined => ["加入", "Joined"],
        Verb::ChangedPerson => ["修改权限", "Changed what somebody may do"],
        Verb::ResetPerson => ["重设密码链接", "Made a link for a new password"],
        Verb::RemovedPerson => ["移除人员", "Removed somebody"],
        Verb::ChangedPassword => ["更改密码", "Changed a password"],
        Verb::SignedIn => ["登录", "Signed in"],
        Verb::BeganSecondStep => ["启用两步验证", "Turned the second step on"],
        Verb::EndedSecondStep => ["停用两步验证", "Turned the second step off"],
        Verb::EndedSessions => ["退出其他设备", "Signed out elsewhere"],
        Verb::MadeToken => ["创建令牌", "Made a token"],
        Verb::EndedToken => ["停用令牌", "Ended a token"],
        Verb::BeganEmergency => ["发布紧急消息", "Began an emergency message"],
        Verb::EndedEmergency => ["结束紧急消息", "Ended an emergency message"],
        Verb::AddedSource => ["添加来源", "Added a source"],
        Verb::ChangedSource => ["修改来源的规则", "Changed the rules of a source"],
        Verb::FetchedSource => ["立即去取来源", "Had a source fetched"],
        Verb::PausedSource => ["暂停来源", "Paused a source"],
        Verb::ResumedSource => ["继续来源", "Let a source go on"],
        Verb::RemovedSource => ["删除来源", "Removed a source"],
        Verb::ApprovedItems => ["批准来源内容", "Approved items of a source"],
        Verb::TookDownItems => ["撤下来源内容", "Took items of a source down"],
        Verb::AddedAlert => ["添加提醒规则", "Added a rule for alerts"],
        Verb::ChangedAlert => ["修改提醒规则", "Changed a rule for alerts"],
        Verb::RemovedAlert => ["删除提醒规则", "Removed a rule for alerts"],
        Verb::TriedAlert => ["发送测试提醒", "Sent a test alert"],
        Verb::SetMail => ["设置邮件服务器", "Set the mail server"],
        Verb::RemovedMail => ["移除邮件服务器", "Removed the mail server"],
        Verb::SetOperator => ["填写运营者", "Said who runs the hub"],
        Verb::AnsweredVoice => ["回复路人的留言", "Answered a voice"],
        Verb::ApprovedVoice => ["同意留言上屏幕", "Let screens show a voice"],
        Verb::WithdrewVoice => ["撤回留言上屏幕", "Let screens show a voice no more"],
        Verb::RemovedVoice => ["撤下路人的留言", "Took a voice down"],
        Verb::BlockedVoices => [
            "当天不再收某人的留言",
            "Took no more voices of somebody for a day",
        ],
        Verb::RemovedMoment => ["删除路人写的话", "Took down what a passer-by typed"],
        Verb::SentNews => ["发送消息给关注者", "Sent news to those who follow"],
        Verb::StoppedNews => ["停止发送消息", "Stopped news that was going out"],
        Verb::ErasedFollower => ["删除关注者", "Erased somebody who followed"],
        Verb::ExportedFollowers => ["导出关注者", "Took the addresses of those who follow out"],
        Verb::SetFanWord => ["设置核销口令", "Set the word for the staff of the shop"],
        Verb::AddedConversionKey => ["创建转化密钥", "Made a key for a shop"],
        Verb::RevokedConversionKey => ["停用转化密钥", "Revoked a key of a shop"],
        Verb::AddedHook => ["添加事件通知", "Had a program told of events"],
        Verb::PausedHook => ["暂停或恢复事件通知", "Paused or resumed a web hook"],
        Verb::RemovedHook => ["删除事件通知", "Removed a web hook"],
        Verb::SentAgain => ["重新发送事件", "Had events sent again"],
    }
}

/// What has just been done, as the page says it to which somebody comes back; the words stand in
/// addresses, and any other says nothing.
pub(crate) fn done(word: &str) -> Option<[&'static str; 2]> {
    Some(match word {
        "saved" => ["已保存。", "Saved."],
        "paired" => [
            "已配对。屏幕会在几秒内自己开始播放。",
            "Paired. The screen starts by itself within seconds.",
        ],
        "revoked" => [
            "屏幕已停用。它的数据会保留。",
            "The screen is out of service. Its figures stay.",
        ],
        "taken-off" => [
            "活动已从屏幕撤下。已扫的码仍然有效。",
            "The campaign is off the screens. Its codes go on working.",
        ],
        "draft-begun" => [
            "草稿已建好。看一看，然后发布。",
            "The draft is made. Look at it, then publish it.",
        ],
        "uploaded" => ["已上传。", "Uploaded."],
        "submitted" => [
            "已提交，等待批准。",
            "Handed in. It waits for approval now.",
        ],
        "returned" => ["已退回。", "Sent back."],
        "draft-deleted" => ["草稿已删除。", "The draft was deleted."],
        "slot-opened" => [
            "档期已开。投稿者现在可以交作品。",
            "The slot is open. Its contributor may hand pieces in.",
        ],
        "slot-closed" => [
            "档期已关闭。已批准的会播到最后一天。",
            "The slot is closed. What was approved airs until its last day.",
        ],
        "published" => [
            "已发布。屏幕会在几秒内开始播放。",
            "Published. Screens begin to show it within seconds.",
        ],
        "erased" => [
            "已删除，到处都看不到了。",
            "It is taken down, and gone everywhere.",
        ],
        "answered" => [
            "已回复。对方打开自己的链接就能看到。",
            "Answered. They see it at their own link.",
        ],
        "blocked" => [
            "当天不再收此人的留言，没有回复的已撤下。",
            "No more is taken of theirs today, and what had no answer is taken down.",
        ],
        "news-sent" => ["正在发送。", "It is going out."],
        "news-stopped" => [
            "已停止，没有发出的不会再发。",
            "Stopped; what has not gone out will not.",
        ],
        "follower-erased" => ["已删除，到处都没有了。", "Erased everywhere."],
        "no-follower" => ["没有这个地址。", "Nobody with this address follows."],
        "withdrawn" => ["邀请已撤回。", "The invitation was taken back."],
        "removed" => [
            "已移除，所有登录已结束。",
            "Removed; every session of theirs has ended.",
        ],
        "password" => [
            "密码已更改，其他设备已退出。",
            "The password was changed, and all other devices were signed out.",
        ],
        "sessions" => ["其他设备已退出。", "All other devices were signed out."],
        "step-off" => ["两步验证已停用。", "The second step is off."],
        "token-ended" => ["令牌已停用。", "The token was ended."],
        "key-revoked" => ["密钥已停用。", "The key was revoked."],
        "hook-added" => ["已添加，可以发送测试。", "It was added; send it a test."],
        "hook-paused" => ["已暂停。", "It is paused."],
        "hook-resumed" => ["已恢复。", "It is told again."],
        "hook-again" => ["正在重新发送。", "It is on its way again."],
        "emergency-begun" => [
            "紧急消息已发出，几秒之内就在屏幕上。",
            "The emergency message is out; screens have it within seconds.",
        ],
        "emergency-ended" => [
            "紧急消息已结束，屏幕在几秒内恢复。",
            "The emergency message has ended; screens go on within seconds.",
        ],
        "source-added" => [
            "来源已添加。几秒之后它的内容会出现在下面。",
            "The source is added. What it brings stands below in some seconds.",
        ],
        "source-fetch" => [
            "马上去取。几秒之后再看这个页面。",
            "It is being fetched. Look at this page again in some seconds.",
        ],
        "source-removed" => [
            "来源已删除，它的内容已从屏幕撤下。",
            "The source was removed, and what aired of it left the screens.",
        ],
        "item-approved" => [
            "已批准。几秒之后就在屏幕上。",
            "Approved. It is on the screens in some seconds.",
        ],
        "item-taken-down" => ["已撤下，不会再播。", "Taken down; it will not air again."],
        "alert-added" => [
            "规则已添加。发一条测试，看看能不能收到。",
            "The rule is added. Send a test and see whether it arrives.",
        ],
        "alert-removed" => ["规则已删除。", "The rule was removed."],
        "alert-test" => [
            "测试已经上路。下面很快会写明有没有送到。",
            "A test is on its way. What came of it stands below in a moment.",
        ],
        "mail-removed" => ["邮件服务器已移除。", "The mail server was removed."],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_said_in_both_languages_and_not_twice_the_same() {
        let said = Verb::ALL.iter().map(|verb| of_verb(*verb));
        let said = said.chain(Role::ALL.map(role)).chain(Right::ALL.map(right));
        for [chinese, english] in said.chain(ScreenState::ALL.map(state)) {
            assert!(english.is_ascii(), "{english}");
            assert!(!chinese.is_ascii(), "{chinese}");
        }
        assert_eq!(verb(Language::English, "of.later"), "of.later");
    }
}
