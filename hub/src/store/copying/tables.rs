//! Every table that a hub has, for what copies a database as a whole: backups, restores and the
//! move to PostgreSQL.
//!
//! Invariants: each table of the schema is here, with all its columns, or a test fails, so that
//! what a later step adds is in the next backup; a table stands behind those to which it refers.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A whole number.
    Integer,
    /// A text.
    Text,
    /// Bytes.
    Bytes,
    /// True or false; 1 or 0 in SQLite.
    Boolean,
}

impl Kind {
    const NAMES: [(Self, &str); 4] = [
        (Self::Integer, "integer"),
        (Self::Text, "text"),
        (Self::Bytes, "bytes"),
        (Self::Boolean, "boolean"),
    ];

    /// How backups call it.
    pub(crate) fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(kind, _)| *kind == self);
        found.map_or("", |(_, name)| name)
    }

    /// Finds one by that name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(kind, _)| *kind)
    }
}

/// One table.
#[derive(Debug)]
pub(crate) struct Table {
    /// Its name.
    pub(crate) name: &'static str,
    /// The columns that tell its rows apart, in the order by which its rows are sorted.
    pub(crate) key: &'static [&'static str],
    /// All columns, in the order in which copies have them.
    pub(crate) columns: &'static [(&'static str, Kind)],
    /// Whether backups have it.
    pub(crate) is_in_backups: bool,
}

impl Table {
    /// The kinds of its columns.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        self.columns.iter().map(|(_, kind)| *kind).collect()
    }

    /// The names of its columns.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.columns.iter().map(|(name, _)| *name).collect()
    }
}

macro_rules! table {
    ($name:ident [$($key:ident),+] { $($column:ident: $kind:ident),+ $(,)? }) => {
        Table {
            name: stringify!($name),
            key: &[$(stringify!($key)),+],
            columns: &[$((stringify!($column), Kind::$kind)),+],
            is_in_backups: true,
        }
    };
}

/// All of them.
pub(crate) const TABLES: &[Table] = &[
    table!(settings [name] { name: Text, value: Text }),
    table!(domains [name] { name: Text }),
    table!(screens [number] {
        number: Integer, name: Text, created_ms: Integer, bearer_sha256: Bytes, manifest_version: Integer,
        manifest_issued_ms: Integer, last_seen_ms: Integer, heartbeat: Text, content_version: Integer,
        content_since_ms: Integer, revoked_ms: Integer,
    }),
    table!(pairings [code] {
        code: Text, secret_sha256: Bytes, suggested_name: Text, created_ms: Integer, expires_ms: Integer,
        screen: Integer,
    }),
    table!(enrolment_tokens [token_sha256] {
        token_sha256: Bytes, screen: Integer, expires_ms: Integer, secret_sha256: Bytes, renews: Boolean,
    }),
    table!(token_keys [screen, generation] {
        screen: Integer, generation: Integer, since_ms: Integer, superseded_ms: Integer, retired_ms: Integer,
    }),
    table!(device_keys [screen, key] {
        screen: Integer, key: Text, first_seen_ms: Integer, last_seen_ms: Integer,
    }),
    table!(creatives [sha256] {
        sha256: Text, size: Integer, media_type: Text, thumbnail: Bytes, thumbnail_width: Integer,
        thumbnail_height: Integer,
    }),
    table!(file_people [file] { file: Text, person: Integer }),
    table!(quotas [subject] { subject: Text, bytes_max: Integer, files_max: Integer }),
    table!(campaigns [id] {
        id: Text, body: Text, everywhere: Boolean, live: Boolean, published_ms: Integer,
    }),
    table!(campaign_items [campaign, placement] { campaign: Text, placement: Integer, creative: Text }),
    table!(campaign_parts [campaign, placement, name] {
        campaign: Text, placement: Integer, name: Text, part: Text,
    }),
    table!(campaign_screens [campaign, screen] { campaign: Text, screen: Integer }),
    table!(sources [name] {
        name: Text, kind: Text, location: Text, secret_sha256: Bytes, rules: Text, paused: Boolean,
        created_ms: Integer, removed_ms: Integer, next_ms: Integer, fetch_ms: Integer, etag: Text,
        last_modified: Text, fetched_ms: Integer, succeeded_ms: Integer, failures: Integer, problem: Text,
        left_out: Text, last_number: Integer, day: Integer, day_items: Integer,
    }),
    table!(source_items [source, number] {
        source: Text, number: Integer, state: Text, title: Text, words: Text, content: Bytes, order_ms: Integer,
        ends_ms: Integer, created_ms: Integer, seen_ms: Integer, campaign: Text, told: Text,
    }),
    table!(source_item_names [source, name] { source: Text, name: Bytes, number: Integer }),
    table!(assignments [screen, number] {
        screen: Integer, number: Integer, campaign: Text, placement: Integer, creative: Text,
    }),
    table!(screen_files [screen, file] { screen: Integer, file: Text }),
    table!(ledgers [id] { id: Integer, screen: Integer, epoch: Text, last_seq: Integer, opened_ms: Integer }),
    table!(boots [id] { id: Integer, screen: Integer, boot: Text, redate_from_ms: Integer }),
    table!(anchors [boot, boot_ms] { boot: Integer, boot_ms: Integer, wall_ms: Integer }),
    table!(contents [id] { id: Integer, assignment: Integer, campaign: Text, creative: Text }),
    table!(plays [ledger, seq] {
        ledger: Integer, seq: Integer, screen: Integer, number: Integer, content: Integer, boot: Integer,
        start_boot_ms: Integer, visible_ms: Integer, outcome: Integer, received_ms: Integer, wall_ms: Integer,
        display: Integer, said_number: Integer,
    }),
    table!(refused_plays [ledger, seq] { ledger: Integer, seq: Integer, code: Text }),
    table!(gaps [ledger, after_seq, reason] {
        ledger: Integer, after_seq: Integer, reason: Integer, plays: Integer, boot: Text, from_boot_ms: Integer,
        until_boot_ms: Integer,
    }),
    // A backup that is kept would let the pseudonyms of its last days be made again for ever; see
    // docs/decisions/2026-11-29-backups.md.
    Table {
        is_in_backups: false,
        ..table!(salts [day] { day: Text, salt: Bytes })
    },
    table!(scans [id] {
        id: Integer, screen: Integer, play: Integer, visitor: Bytes, grade: Integer, assignment: Integer,
        campaign: Text, creative: Text, minted_ms: Integer, scanned_ms: Integer, standing: Integer,
        settled: Boolean, openings: Integer,
    }),
    table!(shares [id] {
        id: Integer, name: Text, scan: Integer, parent: Integer, generation: Integer, made_for: Bytes,
        owner: Bytes, created_ms: Integer, children: Integer,
    }),
    table!(link_numbers [share] { share: Integer, scan: Integer, generation: Integer, nth: Integer }),
    table!(chains [scan] {
        scan: Integer, campaign: Text, screen: Integer, counted: Boolean, scanned_ms: Integer, links: Integer,
        depth: Integer, newest_ms: Integer,
    }),
    table!(passed_on [share] {
        share: Integer, passed_ms: Integer, has_sentence: Boolean, has_name: Boolean, changes: Integer,
    }),
    table!(moments [share] {
        share: Integer, campaign: Text, sealed: Bytes, agreed_ms: Integer, ends_ms: Integer, reports: Integer,
    }),
    // Whoever restores a backup has them drawn anew.
    Table {
        is_in_backups: false,
        ..table!(moment_postcards [share] { share: Integer, sealed: Bytes, made_ms: Integer, ends_ms: Integer })
    },
    table!(pruned_passed_on [campaign] {
        campaign: Text, passed_on: Integer, sentences: Integer, named: Integer,
    }),
    table!(voices [id] {
        id: Integer, name: Text, campaign: Text, creative: Text, screen: Integer, play: Integer,
        generation: Integer, share: Integer, visitor: Bytes, once: Bytes, said_ms: Integer, state: Text,
        has_picture: Boolean, answered_ms: Integer,
    }),
    table!(voice_words [voice] {
        voice: Integer, campaign: Text, sealed: Bytes, consent: Integer, agreed_ms: Integer, for_screen: Boolean,
        approved_ms: Integer, ends_ms: Integer,
    }),
    table!(voice_pictures [voice] {
        voice: Integer, campaign: Text, sealed: Bytes, width: Integer, height: Integer, small_sealed: Bytes,
        small_width: Integer, small_height: Integer,
    }),
    table!(voice_answers [voice] { voice: Integer, sealed: Bytes, said_ms: Integer }),
    table!(voice_blocks [campaign, visitor] { campaign: Text, visitor: Bytes, until_ms: Integer }),
    table!(visits [share, visitor] {
        share: Integer, visitor: Bytes, visited_ms: Integer, clicked_ms: Integer, seen_ms: Integer,
        confirmed_ms: Integer, grade: Integer,
    }),
    table!(clicks [click] { click: Bytes, share: Integer, visitor: Bytes, pressed_ms: Integer }),
    table!(conversion_keys [id] {
        id: Integer, campaign: Text, name: Text, key_sha256: Bytes, sealed_secret: Bytes, made_by: Text,
        made_ms: Integer, used_ms: Integer, revoked_ms: Integer,
    }),
    table!(conversions [id] {
        id: Integer, campaign: Text, name: Text, kind: Text, proof: Integer, click: Text, screen: Integer,
        play: Integer, pressed_ms: Integer, scan: Integer, link: Text, creative: Text, generation: Integer,
        counted: Boolean, value: Integer, currency: Text, said_at_ms: Integer, at_ms: Integer,
        received_ms: Integer, refunded: Integer, withdrawn: Boolean,
    }),
    table!(conversion_refunds [id] {
        id: Integer, conversion: Integer, campaign: Text, name: Text, value: Integer, whole: Boolean,
        at_ms: Integer, received_ms: Integer,
    }),
    table!(conversion_kinds [campaign, kind] { campaign: Text, kind: Text }),
    table!(conversion_quarters [campaign, quarter, screen, creative, generation, kind, unproved, currency, counted] {
        campaign: Text, quarter: Integer, screen: Integer, creative: Text, generation: Integer, kind: Text,
        unproved: Boolean, currency: Text, counted: Boolean, conversions: Integer, withdrawn: Integer,
        value: Integer,
    }),
    table!(pruned_conversion_quarters [campaign, quarter, screen, creative, generation, kind, unproved, currency,
                                       counted] {
        campaign: Text, quarter: Integer, screen: Integer, creative: Text, generation: Integer, kind: Text,
        unproved: Boolean, currency: Text, counted: Boolean, conversions: Integer, withdrawn: Integer,
        value: Integer,
    }),
    table!(conversion_totals [campaign, screen, creative, generation, kind, unproved, currency, counted] {
        campaign: Text, screen: Integer, creative: Text, generation: Integer, kind: Text, unproved: Boolean,
        currency: Text, counted: Boolean, conversions: Integer, withdrawn: Integer, value: Integer,
    }),
    table!(refused_openings [day, why] { day: Text, why: Integer, count: Integer }),
    table!(play_hours [screen, hour, content, outcome, display] {
        screen: Integer, hour: Integer, content: Integer, outcome: Integer, display: Integer, plays: Integer,
        visible_ms: Integer,
    }),
    table!(scan_hours [screen, hour, campaign, creative, grade, standing] {
        screen: Integer, hour: Integer, campaign: Text, creative: Text, grade: Integer, standing: Integer,
        scans: Integer, openings: Integer, seen: Integer, confirmed: Integer,
    }),
    table!(visit_hours [screen, hour, campaign, creative, generation, grade, counted] {
        screen: Integer, hour: Integer, campaign: Text, creative: Text, generation: Integer, grade: Integer,
        counted: Boolean, visits: Integer, seen: Integer, confirmed: Integer, pressed: Integer,
    }),
    table!(boot_plays [ledger, boot, content] {
        ledger: Integer, boot: Integer, content: Integer, screen: Integer, plays: Integer, first_seq: Integer,
        first_start_boot_ms: Integer, last_end_boot_ms: Integer, first_wall_ms: Integer, last_wall_ms: Integer,
    }),
    table!(play_totals [screen, content, outcome, display] {
        screen: Integer, content: Integer, outcome: Integer, display: Integer, plays: Integer, visible_ms: Integer,
    }),
    table!(scan_totals [screen, campaign, creative, grade, standing] {
        screen: Integer, campaign: Text, creative: Text, grade: Integer, standing: Integer, scans: Integer,
        openings: Integer, seen: Integer, confirmed: Integer,
    }),
    table!(visit_totals [screen, campaign, creative, generation, grade, counted] {
        screen: Integer, campaign: Text, creative: Text, generation: Integer, grade: Integer, counted: Boolean,
        visits: Integer, seen: Integer, confirmed: Integer, pressed: Integer,
    }),
    table!(share_hours [screen, hour, campaign, creative, generation, counted] {
        screen: Integer, hour: Integer, campaign: Text, creative: Text, generation: Integer, counted: Boolean,
        shares: Integer,
    }),
    table!(share_totals [screen, campaign, creative, generation, counted] {
        screen: Integer, campaign: Text, creative: Text, generation: Integer, counted: Boolean, shares: Integer,
    }),
    table!(play_quarters [screen, content, quarter] {
        screen: Integer, content: Integer, quarter: Integer, plays: Integer, visible_ms: Integer, scanned: Integer,
    }),
    table!(campaign_quarters [campaign, quarter, screen] {
        campaign: Text, quarter: Integer, screen: Integer, scans: Integer, visits: Integer, pressed: Integer,
        shares: Integer,
    }),
    table!(screen_quarters [quarter, screen] {
        quarter: Integer, screen: Integer, plays: Integer, visible_ms: Integer, scans: Integer, visits: Integer,
        pressed: Integer, shares: Integer,
    }),
    table!(hub_quarters [quarter] {
        quarter: Integer, plays: Integer, visible_ms: Integer, scans: Integer, visits: Integer, pressed: Integer,
        shares: Integer,
    }),
    table!(creative_sums [span, campaign, creative, at] {
        span: Integer, campaign: Text, creative: Text, at: Integer, plays: Integer, visible_ms: Integer,
        scans: Integer, visits: Integer, pressed: Integer, shares: Integer,
    }),
    table!(screen_sums [span, at, screen] {
        span: Integer, at: Integer, screen: Integer, plays: Integer, visible_ms: Integer, scans: Integer,
        visits: Integer, pressed: Integer, shares: Integer,
    }),
    table!(link_days [campaign, screen, generation, day, counted] {
        campaign: Text, screen: Integer, generation: Integer, day: Integer, counted: Boolean, links: Integer,
        brought: Integer, sharers: Integer, squares: Integer, in_hour: Integer, in_day: Integer, in_week: Integer,
        later: Integer,
    }),
    table!(unassigned_plays [screen, content] { screen: Integer, content: Integer }),
    table!(figure_changes [id] { id: Integer, changes: Text }),
    table!(creative_names [creative, campaign, name] { creative: Text, campaign: Text, name: Text }),
    table!(pruned_before [one] { one: Integer, before_ms: Integer }),
    table!(pruned_play_quarters [screen, quarter, content, outcome, display] {
        screen: Integer, quarter: Integer, content: Integer, outcome: Integer, display: Integer, plays: Integer,
        visible_ms: Integer, scanned: Integer,
    }),
    table!(pruned_scan_quarters [screen, quarter, campaign, creative, grade, standing] {
        screen: Integer, quarter: Integer, campaign: Text, creative: Text, grade: Integer, standing: Integer,
        scans: Integer, openings: Integer, seen: Integer, confirmed: Integer,
    }),
    table!(pruned_visit_quarters [screen, quarter, campaign, creative, generation, grade, counted] {
        screen: Integer, quarter: Integer, campaign: Text, creative: Text, generation: Integer, grade: Integer,
        counted: Boolean, visits: Integer, seen: Integer, confirmed: Integer, pressed: Integer,
    }),
    table!(pruned_share_quarters [screen, quarter, campaign, creative, generation, counted] {
        screen: Integer, quarter: Integer, campaign: Text, creative: Text, generation: Integer, counted: Boolean,
        shares: Integer,
    }),
    table!(pruned_link_days [campaign, screen, generation, day, counted] {
        campaign: Text, screen: Integer, generation: Integer, day: Integer, counted: Boolean, links: Integer,
        brought: Integer, sharers: Integer, squares: Integer, in_hour: Integer, in_day: Integer, in_week: Integer,
        later: Integer,
    }),
    table!(pruned_boot_plays [boot, ledger, content] {
        ledger: Integer, boot: Integer, content: Integer, screen: Integer, plays: Integer, first_seq: Integer,
        first_start_boot_ms: Integer, last_end_boot_ms: Integer, first_wall_ms: Integer, last_wall_ms: Integer,
    }),
    table!(pruned_runs [screen, last_number] {
        screen: Integer, first_number: Integer, last_number: Integer, said_number: Integer, ledger: Integer,
        first_seq: Integer, last_seq: Integer, boot: Integer, first_start_boot_ms: Integer,
        last_start_boot_ms: Integer, first_wall_ms: Integer, last_wall_ms: Integer,
    }),
    table!(pruned_openings [screen, play] { screen: Integer, play: Integer, first_ms: Integer }),
    table!(pruned_numbers [screen] { screen: Integer, highest: Integer }),
    table!(acme_accounts [directory] { directory: Text, sealed: Bytes }),
    table!(acme_certificates [directory, names] {
        directory: Text, names: Text, chain: Text, sealed_key: Bytes, not_before_ms: Integer, not_after_ms: Integer,
        obtained_ms: Integer,
    }),
    table!(acme_orders [directory, names] {
        directory: Text, names: Text, url: Text, sealed_key: Bytes, made_ms: Integer,
    }),
    table!(acme_failures [directory, names] {
        directory: Text, names: Text, failures: Integer, failed_ms: Integer, next_ms: Integer,
        told_until_ms: Integer, problem: Text,
    }),
    table!(acme_challenges [token] { token: Text, sealed: Bytes, until_ms: Integer }),
    table!(people [id] {
        id: Integer, name: Text, name_key: Text, role: Text, scope: Text, password: Text, one_time: Bytes,
        used_step: Integer, made_ms: Integer, seen_ms: Integer,
    }),
    table!(recovery_codes [person, code_sha256] { person: Integer, code_sha256: Bytes }),
    table!(invitations [secret_sha256] {
        secret_sha256: Bytes, role: Text, scope: Text, person: Integer, made_by: Text, made_ms: Integer,
        expires_ms: Integer,
    }),
    // Whoever restores a backup signs in anew, and calls that were cut off are made anew.
    Table {
        is_in_backups: false,
        ..table!(sessions [secret_sha256] {
            secret_sha256: Bytes, person: Integer, is_whole: Boolean, made_ms: Integer, seen_ms: Integer,
            client: Text,
        })
    },
    table!(api_tokens [secret_sha256] {
        secret_sha256: Bytes, person: Integer, name: Text, rights: Text, made_ms: Integer, expires_ms: Integer,
        used_ms: Integer,
    }),
    Table {
        is_in_backups: false,
        ..table!(api_answers [token_sha256, key] {
            token_sha256: Bytes, key: Text, asked_sha256: Bytes, at_ms: Integer, status: Integer, body: Text,
        })
    },
    table!(audit [id] {
        id: Integer, at_ms: Integer, actor: Text, person: Integer, verb: Text, subject: Text, detail: Text,
    }),
    table!(screen_groups [screen] { screen: Integer, group_name: Text }),
    table!(screen_tags [screen, tag] { screen: Integer, tag: Text }),
    table!(screen_places [screen] { screen: Integer, place: Text, way: Text }),
    table!(campaign_groups [campaign] { campaign: Text, group_name: Text }),
    table!(alert_rules [id] { id: Integer, body: Text, sealed_hook: Bytes, made_ms: Integer }),
    table!(alert_states [rule, screen, kind] {
        rule: Integer, screen: Integer, kind: Text, observed: Boolean, observed_ms: Integer, is_bad: Boolean,
        changed_ms: Integer, since_ms: Integer, told_bad: Boolean,
    }),
    table!(alert_messages [id] {
        id: Integer, rule: Integer, rule_name: Text, recipient: Text, contents: Text, is_test: Boolean,
        made_ms: Integer, next_ms: Integer, attempts: Integer, sent_ms: Integer, failed_ms: Integer, problem: Text,
    }),
    table!(emergencies [id] {
        id: Integer, headline: Text, body: Text, begun_ms: Integer, begun_by: Text, ended_ms: Integer,
    }),
    table!(screen_notices [screen] { screen: Integer, emergency: Integer }),
    table!(event_hooks [id] {
        id: Integer, campaign: Text, body: Text, sealed_hook: Bytes, paused: Boolean, made_by: Text,
        made_ms: Integer, sent: Integer, sent_ms: Integer, failures: Integer, next_ms: Integer, problem: Text,
    }),
    table!(event_hook_events [event, hook] { event: Text, hook: Integer }),
    table!(event_messages [id] {
        id: Integer, hook: Integer, contents: Text, made_ms: Integer, next_ms: Integer, attempts: Integer,
        failed_ms: Integer, problem: Text,
    }),
    table!(mail_server [one] { one: Integer, body: Text, sealed: Bytes }),
    table!(account_pictures [campaign] { campaign: Text, file: Text }),
    table!(follow_facts [id] {
        id: Integer, campaign: Text, screen: Integer, joined_ms: Integer, gone_ms: Integer, scanned_ms: Integer,
    }),
    table!(followers [id] {
        id: Integer, name: Text, campaign: Text, screen: Integer, address_hmac: Bytes, sealed: Bytes,
        language: Text, consent: Integer, asked_ms: Integer, confirmed_ms: Integer, ends_ms: Integer,
        fact: Integer, phone_hmac: Bytes, phone_ends_ms: Integer, visits: Integer, visit_ms: Integer,
        last_share: Integer, scan: Integer, link: Text,
    }),
    table!(follow_returns [campaign, screen, at_ms] {
        campaign: Text, screen: Integer, at_ms: Integer, returns: Integer,
    }),
    Table {
        is_in_backups: false,
        ..table!(follow_attempts [who, at_ms] { who: Bytes, at_ms: Integer })
    },
    table!(follow_news [id] {
        id: Integer, campaign: Text, subject: Text, body: Text, link: Text, made_by: Text, made_ms: Integer,
        begun_ms: Integer, ended_ms: Integer, total: Integer, sent: Integer, failed: Integer, uncertain: Integer,
    }),
    // Whoever restores a backup must not write to people once more.
    Table {
        is_in_backups: false,
        ..table!(follow_mails [id] {
            id: Integer, follower: Integer, campaign: Text, news: Integer, made_ms: Integer, next_ms: Integer,
            attempts: Integer, begun_ms: Integer, ended_ms: Integer,
        })
    },
    table!(fan_offers [code_hmac] {
        code_hmac: Bytes, campaign: Text, follower: Integer, sealed: Bytes, made_ms: Integer, redeemed_ms: Integer,
        redeemed_by: Text,
    }),
    table!(fan_words [campaign] { campaign: Text, word_hmac: Bytes, made_ms: Integer }),
    table!(drafts [campaign] {
        campaign: Text, body: Text, state: Text, revision: Integer, group_name: Text, targets: Text, note: Text,
        changed_by: Text, changed_ms: Integer, checked: Text, published_revision: Integer, version: Integer,
    }),
    table!(slots [id] {
        id: Integer, name: Text, campaign: Text, first_day: Text, last_day: Text, pieces_max: Integer, kinds: Text,
        targets: Text, made_by: Text, made_ms: Integer, closed_ms: Integer,
    }),
    table!(draft_files [campaign, name] { campaign: Text, name: Text, file: Text, added_ms: Integer }),
    table!(film_jobs [id] {
        id: Integer, campaign: Text, name: Text, source: Text, state: Text, permille: Integer, reasons: Text,
        told: Text, result: Text, person: Integer, made_by: Text, made_ms: Integer, next_ms: Integer,
        begun_ms: Integer, ended_ms: Integer, claim: Text, until_ms: Integer, attempts: Integer,
    }),
    table!(campaign_versions [campaign, number] {
        campaign: Text, number: Integer, body: Text, targets: Text, made_by: Text, made_ms: Integer,
    }),
    table!(campaign_version_files [campaign, number, name] {
        campaign: Text, number: Integer, name: Text, file: Text,
    }),
    // They are as old as the backup, and screens send new ones by themselves.
    Table {
        is_in_backups: false,
        ..table!(screen_frames [screen] {
            screen: Integer, asked_ms: Integer, received_ms: Integer, taken_ms: Integer, width_px: Integer,
            height_px: Integer, play: Integer, campaign: Text, creative: Text,
        })
    },
    Table {
        is_in_backups: false,
        ..table!(screen_frame_pictures [screen] { screen: Integer, jpeg: Bytes })
    },
    // Whoever was about to name a file names it anew.
    Table {
        is_in_backups: false,
        ..table!(file_claims [file] {
            file: Text, until_ms: Integer, dropped: Boolean, size: Integer, person: Integer,
        })
    },
];
