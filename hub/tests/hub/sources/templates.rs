//! Folders to begin with are published as they are.

use crate::stand::Stand;

#[test]
fn a_new_folder_of_each_kind_airs_as_it_is() {
    let stand = Stand::start();
    let terminal = stand.terminal("window");
    let within = stand.data().parent().unwrap().to_owned();
    let mut folders = Vec::new();
    for language in ["en", "zh"] {
        for kind in ["event", "fans", "combined", "menu", "offer", "notice"] {
            let name = format!("街角 Corner {kind} {language}");
            let made = crate::stand::hub_command()
                .args(["new", kind, &name, "--language", language, "--json", "--in"])
                .arg(&within)
                .output()
                .unwrap();
            assert!(
                made.status.success(),
                "{}",
                String::from_utf8_lossy(&made.stderr)
            );
            let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
            folders.push(made["folder"].as_str().unwrap().to_owned());
        }
    }
    let mut arguments = vec!["publish"];
    arguments.extend(folders.iter().map(String::as_str));
    let published = stand.json(&arguments);
    for one in published["published"].as_array().unwrap() {
        assert_eq!(one["notes"], serde_json::json!([]), "{one}");
    }
    assert_eq!(published["left_out"], serde_json::json!([]));
    let manifest = stand.manifest(&terminal);
    assert_eq!(manifest.campaigns.len(), 12);
    for campaign in &manifest.campaigns {
        assert_eq!(campaign.campaign.title, campaign.id.as_str());
        assert_eq!(
            campaign.campaign.target, None,
            "no code leads to an example"
        );
    }

    let again = crate::stand::hub_command()
        .args(["new", "event", "街角 Corner event en", "--in"])
        .arg(&within)
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(2));
}
