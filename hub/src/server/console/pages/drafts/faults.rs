//! Why files and archives were not taken, in the language of who asks.

use crate::drafts::archive::ArchiveFault;
use crate::drafts::file::FileFault;
use crate::drafts::names::NameFault;
use crate::server::console::asker::Asker;
use crate::server::console::fault_words;
use crate::server::language::Language;
use crate::store::{QuotaFault, Whose};

/// Why a file was not taken.
pub(super) fn of_file(asker: &Asker, fault: &FileFault) -> String {
    if asker.visitor.language == Language::English {
        return fault.to_string();
    }
    match fault {
        FileFault::Name(fault) => of_name(*fault).to_owned(),
        FileFault::Known(name) => format!("内容和 {name} 相同，已经在这里了"),
        FileFault::Dropped => "内容相同的文件正在被删除，请过一分钟再试".to_owned(),
        FileFault::Full(fault) => of_quota(*fault),
        FileFault::Blob(_) | FileFault::Store(_) => {
            "现在存不下；请过一会儿再试，或者告诉管理 hub 的人".to_owned()
        }
        FileFault::Content(told) => {
            fault_words::said(Language::Chinese, &told.words, told.fault.as_ref())
        }
    }
}

/// Whose room is used up.
pub(super) fn of_quota(fault: QuotaFault) -> String {
    let whose = match fault.whose {
        Whose::Hub => "hub 的存储空间不够了",
        Whose::Person => "你的文件会超过上限",
        Whose::Slot => "这个档期的空间不够了",
    };
    let mut said = vec![whose.to_owned()];
    if let Some(most) = fault.quota.bytes_max {
        let used = fault.used.bytes.div_ceil(1 << 20);
        said.push(format!("{used} / {} MiB", most >> 20));
    }
    if let Some(most) = fault.quota.files_max {
        said.push(format!("{} / {most} 个文件", fault.used.files));
    }
    format!(
        "{}；删掉不用的草稿，或者请管理 hub 的人调高上限",
        said.join("，")
    )
}

const fn of_name(fault: NameFault) -> &'static str {
    match fault {
        NameFault::Empty => "它没有名字",
        NameFault::Long => "名字太长（超过 200 字节），请改短一些",
        NameFault::Characters => "名字里有些电脑不接受的字符，例如 : ? * 或引号，请改个名字",
        NameFault::System => "这是电脑自己产生的文件",
        NameFault::Device => "这个名字在 Windows 上是一个设备，请改个名字",
        NameFault::Kind => {
            "屏幕不能显示这种文件；请用 .jpg、.png、.webp、.gif、.svg、.mp4、.mov、.webm、.card.toml、.ticker.toml 或 .page.toml"
        }
    }
}

/// Why an archive was not taken.
pub(super) fn of_archive(asker: &Asker, fault: &ArchiveFault) -> String {
    if asker.visitor.language == Language::English {
        return fault.to_string();
    }
    match fault {
        ArchiveFault::Damaged(_) => "这不是 zip 文件，或者它损坏了".to_owned(),
        ArchiveFault::TooMany => "压缩包里的文件太多：一个活动最多 500 个".to_owned(),
        ArchiveFault::LeadsOut(name) => {
            format!("压缩包里有一个指向文件夹之外的条目（{name}），请重新打包")
        }
        ArchiveFault::Folders(name) => {
            format!("压缩包里不止一个文件夹（{name}）；请只打包一个活动的文件夹")
        }
        ArchiveFault::NotPlain(name) => {
            format!("压缩包里有链接或加密的文件（{name}）；请打包普通文件")
        }
        ArchiveFault::Twice(name) => {
            format!("压缩包里有两个文件，在有的电脑上会被当成同一个（{name}），请改个名字")
        }
        ArchiveFault::TooLarge(name) => format!("{name} 解压后太大"),
        ArchiveFault::Disk(_) | ArchiveFault::Blob(_) => fault.to_string(),
    }
}
