//! Takes in one conversion.

use passerby_protocol::{CampaignId, ScreenNumber};

use crate::conversions::{Proof, REFUND, Said};
use crate::database::{DatabaseError, Id, Lock, Transaction, values};
use crate::store::conversions::records::{
    AGE_MS_MAX, CLOCK_DIFFERENCE_MS, ConversionError, KINDS_OF_CAMPAIGN_MAX, TakenConversion,
};
use crate::store::conversions::refunds;
use crate::store::conversions::rows::{COUNTED, counted};
use crate::store::rollups::Changes;
use crate::store::{ConversionEvent, Event, Store, event_hooks};

/// What a click is known to be of.
struct Click {
    pressed_ms: i64,
    scan: i64,
    screen: ScreenNumber,
    play: u32,
    link: String,
    creative: String,
    generation: i64,
    is_counted: bool,
}

/// A conversion that is there.
struct Known {
    id: i64,
    kind: String,
    click: Option<String>,
    value: i64,
    currency: String,
    said_at_ms: Option<i64>,
    proof: Proof,
    has_click: bool,
}

impl Known {
    /// Whether a shop says the same once more. What it leaves open may be as it was said.
    fn is(&self, said: &Said) -> bool {
        let money = said.money.map(|money| (money.minor, money.currency.code()));
        let own = (!self.currency.is_empty()).then_some((self.value, self.currency.as_str()));
        self.kind == said.kind
            && self.click == said.click
            && own == money
            && (self.said_at_ms.is_none() || said.at_ms.is_none() || self.said_at_ms == said.at_ms)
    }

    fn taken(&self) -> TakenConversion {
        TakenConversion {
            id: self.id,
            is_new: false,
            has_click: self.has_click,
        }
    }
}

impl Store {
    /// Takes in what is said of a conversion of a campaign, by whoever it is that says so.
    ///
    /// # Errors
    /// See [`ConversionError`]; nothing is kept then.
    pub fn take_conversion(
        &self,
        campaign: &CampaignId,
        said: &Said,
        proof: Proof,
        now_ms: i64,
    ) -> Result<TakenConversion, ConversionError> {
        let is_refund = said.kind == REFUND;
        if is_refund && proof != Proof::Key {
            return Err(ConversionError::NeedsKey);
        }
        let at_ms = said.at_ms.unwrap_or(now_ms);
        if at_ms > now_ms + CLOCK_DIFFERENCE_MS {
            return Err(ConversionError::InFuture);
        }
        if at_ms < (now_ms - AGE_MS_MAX).max(0) {
            return Err(ConversionError::TooOld);
        }
        if is_refund {
            return refunds::take(self, campaign, said, at_ms, now_ms);
        }
        let screen = self.read_once(|tx| {
            let click = click_of(tx, campaign, said)?;
            Ok::<_, DatabaseError>(click.map(|click| click.screen))
        })?;
        let screens: &[ScreenNumber] = screen.as_slice();
        self.write(Lock::Screens(screens), |tx| {
            take(tx, (campaign, said, proof), at_ms, now_ms)
        })
    }
}

fn click_of(
    tx: &Transaction<'_>,
    campaign: &CampaignId,
    said: &Said,
) -> Result<Option<Click>, DatabaseError> {
    let Some(click) = said.click() else {
        return Ok(None);
    };
    tx.optional(
        "SELECT pressed_ms, scans.id, screen, play, shares.name, creative, generation,
                scans.grade < 2 AND standing < 2
         FROM clicks JOIN shares ON shares.id = share JOIN scans ON scans.id = scan
         WHERE click = ?1 AND campaign = ?2",
        values![click, campaign.as_str()],
        |row| {
            Ok(Click {
                pressed_ms: row.get(0)?,
                scan: row.get(1)?,
                screen: row.get::<Id<_>>(2)?.0,
                play: row.get(3)?,
                link: row.get(4)?,
                creative: row.get(5)?,
                generation: row.get(6)?,
                is_counted: row.get(7)?,
            })
        },
    )
}

fn known(
    tx: &Transaction<'_>,
    campaign: &CampaignId,
    name: &str,
) -> Result<Option<Known>, DatabaseError> {
    tx.optional(
        "SELECT id, kind, click, value, currency, said_at_ms, proof, screen > 0 FROM conversions
         WHERE campaign = ?1 AND name = ?2",
        values![campaign.as_str(), name],
        |row| {
            Ok(Known {
                id: row.get(0)?,
                kind: row.get(1)?,
                click: row.get(2)?,
                value: row.get(3)?,
                currency: row.get(4)?,
                said_at_ms: row.get(5)?,
                proof: Proof::of_code(row.get(6)?),
                has_click: row.get(7)?,
            })
        },
    )
}

fn take(
    tx: &Transaction<'_>,
    (campaign, said, proof): (&CampaignId, &Said, Proof),
    at_ms: i64,
    now_ms: i64,
) -> Result<TakenConversion, ConversionError> {
    let pruned_ms: i64 = tx.value("SELECT before_ms FROM pruned_before", values![])?;
    if at_ms < pruned_ms {
        return Err(ConversionError::TooOld);
    }
    let mut changes = Changes::default();
    if let Some(known) = known(tx, campaign, &said.id)? {
        if known.proof.is_proved() || !proof.is_proved() {
            return repeated(&known, said, proof);
        }
        // Anybody may have written what is there, and would keep the shop's own word out.
        take_off(tx, known.id, &mut changes)?;
    }
    let click = click_of(tx, campaign, said)?;
    match &click {
        Some(click) if at_ms < click.pressed_ms - CLOCK_DIFFERENCE_MS => {
            return Err(ConversionError::BeforeClick);
        }
        None if !proof.is_proved() => return Err(ConversionError::NoClick),
        _ => {}
    }
    if !proof.is_proved()
        && tx.exists(
            "SELECT 1 FROM conversions WHERE campaign = ?1 AND click = ?2 AND proof = 2",
            values![campaign.as_str(), said.click.as_deref()],
        )?
    {
        return Err(ConversionError::NoClick);
    }
    note_kind(tx, campaign, &said.kind)?;
    let (screen, play) = click
        .as_ref()
        .map_or((0, 0), |click| (click.screen.get(), click.play));
    let money = said.money;
    let sql = format!(
        "INSERT INTO conversions (campaign, name, kind, proof, click, screen, play, pressed_ms, scan, link,
                                  creative, generation, counted, value, currency, said_at_ms, at_ms, received_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
         ON CONFLICT (campaign, name) DO NOTHING RETURNING {COUNTED}, id"
    );
    let inserted = tx.optional(
        sql.as_str(),
        values![
            campaign.as_str(),
            &said.id,
            &said.kind,
            proof.code(),
            said.click.as_deref(),
            screen,
            play,
            click.as_ref().map(|click| click.pressed_ms),
            click.as_ref().map(|click| click.scan),
            click.as_ref().map_or("", |click| click.link.as_str()),
            click.as_ref().map_or("", |click| click.creative.as_str()),
            click.as_ref().map_or(0, |click| click.generation),
            click.as_ref().is_none_or(|click| click.is_counted),
            money.map_or(0, |money| money.minor),
            money.map_or("", |money| money.currency.code()),
            said.at_ms,
            at_ms,
            now_ms
        ],
        |row| Ok::<_, DatabaseError>((counted(row)?, row.get::<i64>(11)?)),
    )?;
    let Some(((key, sums), id)) = inserted else {
        // Somebody else said so at the same moment.
        let known = known(tx, campaign, &said.id)?.ok_or(DatabaseError::NoRow)?;
        return repeated(&known, said, proof);
    };
    changes.conversions(key, sums);
    changes.note(tx)?;
    event_hooks::note(tx, &[told(campaign, said, proof, click.as_ref())], now_ms)?;
    Ok(TakenConversion {
        id,
        is_new: true,
        has_click: click.is_some(),
    })
}

/// What programs are told of it.
fn told(campaign: &CampaignId, said: &Said, proof: Proof, click: Option<&Click>) -> Event {
    Event::Conversion(ConversionEvent {
        campaign: campaign.to_string(),
        id: said.id.clone(),
        kind: said.kind.clone(),
        order: None,
        value: said.money.map(|money| money.to_string()),
        currency: said.money.map(|money| money.currency.code().to_owned()),
        proof,
        click: said.click.clone(),
        screen: click.map(|click| click.screen.get()),
        generation: click.map(|click| click.generation),
    })
}

/// What is said of an id that is there.
fn repeated(known: &Known, said: &Said, proof: Proof) -> Result<TakenConversion, ConversionError> {
    // Whoever opens a link cannot mend what it says.
    if proof != Proof::Key || known.is(said) {
        Ok(known.taken())
    } else {
        Err(ConversionError::Different)
    }
}

fn take_off(tx: &Transaction<'_>, id: i64, changes: &mut Changes) -> Result<(), ConversionError> {
    tx.execute(
        "DELETE FROM conversion_refunds WHERE conversion = ?1",
        values![id],
    )?;
    let sql = format!("DELETE FROM conversions WHERE id = ?1 AND proof = 2 RETURNING {COUNTED}");
    if let Some((key, sums)) = tx.optional(sql.as_str(), values![id], counted)? {
        changes.conversions(key, sums.negated());
    }
    Ok(())
}

fn note_kind(
    tx: &Transaction<'_>,
    campaign: &CampaignId,
    kind: &str,
) -> Result<(), ConversionError> {
    let kinds: Vec<String> = tx.all(
        "SELECT kind FROM conversion_kinds WHERE campaign = ?1",
        values![campaign.as_str()],
        |row| row.get::<String>(0),
    )?;
    if kinds.iter().any(|known| known == kind) {
        return Ok(());
    }
    if kinds.len() >= KINDS_OF_CAMPAIGN_MAX {
        return Err(ConversionError::TooManyKinds);
    }
    tx.execute(
        "INSERT INTO conversion_kinds (campaign, kind) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        values![campaign.as_str(), kind],
    )?;
    Ok(())
}
