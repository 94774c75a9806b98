//! Everything that the hub remembers, behind one type: all SQL is in this module.
//!
//! Invariants: what a method returned is on disk (one transaction a method); what it reads in one
//! transaction is one state; who writes holds the screens of which it writes, or everything, so
//! none fails half-way for another's sake; what depends on content is computed from these tables
//! when asked, so a command line beside a serving hub is seen at once.

mod acme;
mod air;
mod alerts;
pub mod audit;
mod base;
mod campaign_list;
mod campaigns;
mod changes;
mod code;
mod codes;
mod conversions;
pub(crate) mod copying;
mod dates;
mod device_keys;
mod domains;
mod drafts;
mod emergencies;
mod enrolment;
mod error;
mod event_hooks;
mod films;
mod followers;
mod frames;
mod gaps;
mod goal_screens;
mod key_generation;
mod landed;
mod landing_facts;
mod manifest_versions;
mod metrics;
pub(crate) mod migrations;
mod moments;
mod operator;
mod people;
mod plays;
mod prune;
mod pruned;
mod publish_error;
mod published_placement;
mod quotas;
mod read_campaigns;
mod refused;
mod report;
mod revocation;
mod rollups;
mod salts;
mod scan;
mod scans;
mod screen_facts;
mod screen_list;
mod screens;
mod search;
mod serving;
mod shared_keys;
mod shares;
mod slots;
mod sources;
mod stored_counts;
mod tallies;
mod together_or_alone;
mod token_keys;
mod verdicts;
mod versions;
mod voices;

pub use crate::database::DatabaseError;
pub use crate::store::acme::{AcmeFailures, AcmeOrder, AcmeSubject, StoredCertificate};
pub use crate::store::air::{
    AirOfScreen, Beside, PublishedCampaign, ScreenNotice, TargetScreen, TargetScreens,
};
pub use crate::store::alerts::{
    AlertChange, AlertError, AlertKind, AlertMessage, AlertRule, AlertSettings, AlertTelling,
    AlertWords, CHANGES_MAX, ClaimedMessage, HookKind, MailEncryption, MailServer, OpenAlert,
    RULES_MAX,
};
pub(crate) use crate::store::base::FILE_NAME;
pub use crate::store::base::Store;
pub use crate::store::campaign_list::{CampaignFacts, CampaignRow};
pub use crate::store::campaigns::Targets;
pub use crate::store::changes::{ScreenContent, WhatChanged};
pub use crate::store::code::Code;
pub use crate::store::conversions::{
    CONVERSION_DAYS_MAX, ConversionError, ConversionKeyError, ConversionKeyLine, ConversionLine,
    KEYS_OF_CAMPAIGN_MAX, KINDS_OF_CAMPAIGN_MAX, KeyHolder, TakenConversion,
};
pub use crate::store::copying::moving::MovedTable;
pub use crate::store::dates::{UNDATED_BOOTS_MAX, UndatedBoot};
pub use crate::store::device_keys::{DeviceKeyLine, DeviceLine, KEYS_MAX};
pub use crate::store::domains::DomainError;
pub use crate::store::drafts::{
    ClaimBy, ClaimError, DRAFT_FILES_MAX, DRAFTS_MAX, Draft, DraftChange, DraftError, DraftRow,
    DraftState, FileClaim, FilePlace, Found, NewDraft, NewFile, STORED_BYTES_MAX,
};
pub use crate::store::emergencies::{
    AiringEmergency, BegunEmergency, EmergencyBegin, EmergencyScreen, EmergencyTargets,
};
pub use crate::store::enrolment::{
    Claimed, Collected, EnrolError, PENDING_MAX, Pairing, PendingCode, Renewed,
};
pub use crate::store::error::{Result, StoreError};
pub use crate::store::event_hooks::{
    ClaimedEvent, ConversionEvent, DeadEvent, EVENT_HOOKS_MAX, Event, EventHook, EventHookError,
    EventHookSettings, EventKind, ShareEvent, Which,
};
pub use crate::store::films::{
    CLAIM_MS, ClaimedFilm, FILMS_OF_ONE_MAX, FILMS_OPEN_MAX, FilmJob, FilmState, MadeFilm,
};
pub use crate::store::followers::{
    AskedToFollow, BODY_CHARS_MAX, CONFIRM_MS, FOLLOW_MS, FanCounts, FanGroups, FollowMail,
    Follower, Known, MailEnd, MailLimits, NEWS_LISTED, NewFollower, NewNews, News, NewsError,
    PHONE_MS, PhoneToRemember, Redeemed, Redeemer, SHOP_STAFF, SUBJECT_CHARS_MAX, TypedElsewhere,
};
pub use crate::store::frames::{LastFrame, ScreenFrame, WISH_MS};
pub use crate::store::gaps::MissingCounts;
pub use crate::store::key_generation::KeyGeneration;
pub use crate::store::landed::Landed;
pub use crate::store::landing_facts::{LandingFacts, Sighting, ToldMoment};
pub use crate::store::moments::{MOMENTS_LISTED, MomentRow, NewMoment, PassedOn, SealedMoment};
pub use crate::store::operator::HubOperator;
pub use crate::store::people::{
    Asked, INVITATION_MS, Invitation, InvitationLine, KeptAnswer, PEOPLE_MAX, PeopleError, Person,
    SESSION_MS, SESSIONS_MAX, SecondStep, SessionLine, SignedIn, TOKENS_MAX, TokenLine, TokenUse,
};
pub use crate::store::plays::{BatchRefused, PlaysTaken};
pub use crate::store::prune::{PruneError, Pruned, RowDay, RowDays, Table};
pub use crate::store::publish_error::PublishError;
pub use crate::store::published_placement::PublishedPlacement;
pub use crate::store::quotas::{Quota, QuotaFault, QuotaLine, QuotaSubject, Room, Usage, Whose};
pub use crate::store::refused::{Openings, Refusal};
pub use crate::store::report::{
    AfterScan, Breakdown, BreakdownError, Burst, By, CHAINS_DRAWN, CHAINS_MAX, Chain, ChainReport,
    ConversionCounts, Conversions, Estimate, FanMoves, FanReport, Figures, FileName, Filter,
    Followers, GenerationLine, GoalCount, Key, KindReport, LARGEST_MAX, LOCAL_CAMPAIGNS_MAX,
    LargeChain, LocalCounts, NODES_MAX, Names, Node, PLACES_MAX, PlaceLine, PlayCounts,
    PressCounts, Report, Reproduction, Returning, ScanCounts, ScreenLine, ShareCounts, Shown, Tail,
    Tally, UnassignedCounts, VisitCounts, VoiceCounts, WentOn,
};
pub use crate::store::revocation::{Holder, Revoked};
pub use crate::store::rollups::recount::Difference;
pub use crate::store::scan::{Recorded, Scan};
pub use crate::store::screen_facts::{Played, ScreenFacts};
pub use crate::store::screen_list::{
    SILENT_MS, ScreenChange, ScreenCounts, ScreenFilter, ScreenRow, ScreenState,
};
pub use crate::store::screens::{Heard, Screen, ScreenSummary};
pub use crate::store::serving::ServingError;
pub use crate::store::shares::{
    Begun, LinkAnswer, LinkOpening, LinkVisitor, Opened, Pressed, Reached,
};
pub use crate::store::slots::{
    NewSlot, SLOT_DAYS_MAX, SLOT_PIECES_MAX, SLOTS_MAX, Slot, SlotError, SlotFault, SlotKind,
    SlotState,
};
pub use crate::store::sources::{
    DAY_ITEMS_MAX, FetchOutcome, ItemPublished, ItemRecord, ItemState, NewItem, NewSource,
    SourceError, SourceKind, SourceRecord, TakeRules, Taken, WhichItems,
};
pub use crate::store::token_keys::{KeyError, Rotated};
pub use crate::store::versions::{CampaignFile, ChosenScreens, VERSIONS_MAX, Version, VersionRow};
pub use crate::store::voices::{
    KeptVoice, KeptWords, NewVoice, OF_DAY_MAX, OF_VISIT_MAX, OwnVoice, SaidVoice, SealedPicture,
    VoiceChange, VoiceFilter, VoiceRow, VoiceState,
};

#[cfg(test)]
mod testing;
