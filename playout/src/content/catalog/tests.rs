use super::*;

fn read_folder(folder: &Path) -> (Catalog, Vec<Problem>) {
    let content = LocalContent::read(folder);
    (content.catalog, content.problems)
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
    std::fs::write(path, bytes).expect("writes");
}

#[test]
fn a_bare_folder_of_pictures_is_a_campaign() {
    let folder = tempfile::tempdir().expect("folder");
    let bare = folder.path().join("window");
    write(&bare.join("b.png"), b"b");
    write(&bare.join("a.jpg"), b"a");
    write(&bare.join("notes.txt"), b"not a picture");
    let (catalog, problems) = read_folder(&bare);
    assert_eq!(problems, []);
    assert_eq!(
        catalog
            .iter()
            .map(|item| item.placement().creative.as_str())
            .collect::<Vec<_>>(),
        ["a.jpg", "b.png"]
    );
    assert_eq!(catalog[0].campaign_id.as_str(), "window");
    assert_eq!(catalog[0].creative, Digest::of(b"a"));
}

#[test]
fn campaigns_take_turns_before_a_second_placement_comes() {
    let folder = tempfile::tempdir().expect("folder");
    for file in ["book/a.jpg", "book/b.jpg", "cafe/c.jpg", "cafe/d.jpg"] {
        write(&folder.path().join(file), file.as_bytes());
    }
    let (mut catalog, _) = read_folder(folder.path());
    interleave(&mut catalog);
    let order: Vec<&str> = catalog
        .iter()
        .map(|item| item.placement().creative.as_str())
        .collect();
    assert_eq!(order, ["a.jpg", "c.jpg", "b.jpg", "d.jpg"]);
}

#[test]
fn one_bad_campaign_leaves_the_others_on_the_screen() {
    let folder = tempfile::tempdir().expect("folder");
    write(&folder.path().join("good/a.jpg"), b"a");
    write(
        &folder.path().join("bad/campaign.toml"),
        b"title = 'x'\n[[placement]]\ncreative = 'gone.png'\n",
    );
    std::fs::create_dir(folder.path().join("empty")).expect("folder");
    let content = LocalContent::read(folder.path());
    let (catalog, problems) = (content.catalog, content.problems);
    assert_eq!(catalog.len(), 1);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems[0]
            .to_string()
            .contains("campaign.toml:3: creative \"gone.png\" is missing")
    );
    let left_out = content.left_out.problems;
    assert_eq!(left_out.len(), 1, "{left_out:?}");
    let said = left_out[0].to_string();
    assert!(
        said.contains("empty: it is no campaign: nothing in"),
        "{said}"
    );
}

#[test]
fn a_creative_brings_its_parts_and_they_do_not_air_by_themselves() {
    let folder = tempfile::tempdir().expect("folder");
    let file = |name: &str| folder.path().join("shop").join(name);
    write(&file("clip.mp4"), b"a film");
    write(&file("clip.jpg"), b"its poster");
    write(&file("beans.jpg"), b"beans");
    write(&file("alone.png"), b"alone");
    write(
        &file("sale.card.toml"),
        b"headline = 'Sale'\npicture = 'beans.jpg'\n",
    );
    let names = |catalog: &Catalog| -> Vec<String> {
        catalog
            .iter()
            .map(|item| item.placement().creative.clone())
            .collect()
    };
    let (catalog, problems) = read_folder(folder.path());
    assert_eq!(problems, []);
    assert_eq!(names(&catalog), ["alone.png", "clip.mp4", "sale.card.toml"]);
    let parts: Vec<(&str, Digest)> = catalog
        .iter()
        .flat_map(|item| item.parts.iter())
        .map(|part| (part.name.as_str(), part.digest))
        .collect();
    assert_eq!(
        parts,
        [
            ("clip.jpg", Digest::of(b"its poster")),
            ("beans.jpg", Digest::of(b"beans"))
        ]
    );
    assert_eq!(catalog[1].kind, CreativeKind::Video);

    // A placement may still ask for a part; without placements the others air.
    write(&file("campaign.toml"), b"title = 'x'\n");
    assert_eq!(names(&read_folder(folder.path()).0).len(), 3);
    write(
        &file("campaign.toml"),
        b"title = 'x'\n[[placement]]\ncreative = 'clip.jpg'\n",
    );
    assert_eq!(names(&read_folder(folder.path()).0), ["clip.jpg"]);
}

#[test]
fn a_missing_part_costs_its_own_item_and_says_what_to_do() {
    let folder = tempfile::tempdir().expect("folder");
    let file = |name: &str| folder.path().join("shop").join(name);
    write(&file("a.png"), b"a");
    write(&file("sale.card.toml"), b"picture = 'gone.jpg'\n");
    write(&file("evil.card.toml"), b"picture = '../../etc/passwd'\n");
    let (catalog, problems) = read_folder(folder.path());
    assert_eq!(catalog.len(), 1);
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(
        problems[0].contains("evil.card.toml: it names \"../../etc/passwd\", which is no picture"),
        "{problems:?}"
    );
    assert!(
        problems[1].contains(
            "sale.card.toml: it names \"gone.jpg\", which is missing; put that picture beside it"
        ),
        "{problems:?}"
    );
}

#[test]
fn a_changed_file_changes_the_fingerprint() {
    let folder = tempfile::tempdir().expect("folder");
    write(&folder.path().join("c/a.jpg"), b"a");
    let before = fingerprint(folder.path());
    assert_eq!(before, fingerprint(folder.path()));
    write(&folder.path().join("c/a.jpg"), b"aa");
    assert_ne!(before, fingerprint(folder.path()));
}
