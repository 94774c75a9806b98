//! What in a campaign does not go together, in Chinese.

use passerby_protocol::content_fault::RuleFault;

/// Says it.
pub(super) fn said(fault: &RuleFault) -> String {
    match fault {
        RuleFault::NothingToAir { endings, file } => format!(
            "文件夹里没有能播放的东西，请放进图片、视频或卡片（{endings}），或者写一个指出它们的 {file}"
        ),
        RuleFault::TooManyPictures { count, count_max } => {
            format!("文件夹里有 {count} 张图片，最多 {count_max} 张")
        }
        RuleFault::CreativeOfNoKind { creative, endings } => {
            format!("{creative:?} 不是屏幕能显示的文件，请用这个文件夹里的 {endings} 文件")
        }
        RuleFault::CreativeMissing { creative, there } if there.is_empty() => {
            format!("没有 {creative:?} 这个文件，这里一张图片也没有")
        }
        RuleFault::CreativeMissing { creative, there } => {
            format!("没有 {creative:?} 这个文件，这里有：{}", there.join("、"))
        }
        RuleFault::AccountPictureOfNoKind { picture } => format!(
            "{picture:?} 不是图片，请用这个文件夹里的 .png、.jpg 或 .svg 文件"
        ),
        RuleFault::AccountPictureMissing { picture } => {
            format!("没有 {picture:?} 这张图片")
        }
        RuleFault::ChoosePictures { count, count_max } => format!(
            "请为要播放的每张图片写一节 [[placement]]：这里有 {count} 张，最多能播 {count_max} 张"
        ),
        RuleFault::NothingPlaced => {
            "没有要播放的东西，请写一节 [[placement]]，里面有 creative = \"poster.jpg\"，或者加图片"
                .to_owned()
        }
        RuleFault::PhaseMissing { phase, known } if known.is_empty() => {
            format!("没有 {phase:?} 这个阶段，这个活动没有 [[phase]]")
        }
        RuleFault::PhaseMissing { phase, known } => {
            format!("没有 {phase:?} 这个阶段，这个活动有：{}", known.join("、"))
        }
        RuleFault::PhaseEndsEarly { until, from } => {
            format!("until 是 {until}，早于 from {from}，请对调")
        }
        RuleFault::EventEndsEarly { end, start } => {
            format!("end 是 {end}，不晚于 start {start}，请对调")
        }
        RuleFault::TakeoverWithoutEnd => {
            "takeover（独占屏幕）要有结束的时候，免得被忘记：请加 dayparts、recurs 或 trigger，或给每个 [[phase]] 写 until"
                .to_owned()
        }
        RuleFault::TakeoverOfFiller => {
            "takeover（独占屏幕）和 filler（补空）不能同时用，请去掉一个".to_owned()
        }
        RuleFault::WeightAndShare => {
            "weight 和 share_percent 不能同时用：share_percent 是准确的份额，weight 是和别的比，请去掉一个"
                .to_owned()
        }
        RuleFault::NeedsBeside { key, needs } => {
            format!("{key} 要和 {needs} 一起写，才知道说的是谁的播放")
        }
        RuleFault::FloorAboveCeiling { floor, ceiling } => {
            format!("floor_percent 是 {floor}，大于 ceiling_percent {ceiling}，请对调")
        }
        RuleFault::TwoThingsInACode => {
            "一个码只能装一样东西：wifi、contact、event 请留一个，另一个另写一节 [[placement]]"
                .to_owned()
        }
        RuleFault::FormWithoutTarget => {
            "link.form 要有码能装的网址，请加上 target = \"https://…\"".to_owned()
        }
        RuleFault::NoDigitalLink { why } => {
            format!("link.form 是 \"gs1\"，但 target 不是 GS1 Digital Link（{why}）")
        }
        RuleFault::DomainOfDirectCode { domain } => format!(
            "link.domain 是 {domain:?}，而码里装的就是网址本身，请去掉 domain 或 form"
        ),
        RuleFault::UtmOfDigitalLink => {
            "GS1 Digital Link 要原样放进码里，请去掉 utm，或写 form = \"direct\"".to_owned()
        }
        RuleFault::Recurrence { key, words } => {
            format!("{key} 里的日历规则写错了，或永远不会发生（{words}）")
        }
        RuleFault::BlankHeadline => "headline 是空的，请写远处就能看见的字".to_owned(),
        RuleFault::WasWithoutPrice => {
            "只有原价 was，没有现价，请加上 price = \"¥48\"，或去掉 was".to_owned()
        }
        RuleFault::NoLines => "lines 是空的，请至少写一行".to_owned(),
        RuleFault::TooManyLines { count, count_max } => {
            format!("lines 有 {count} 行，最多 {count_max} 行")
        }
    }
}
