//! A video as what fills a picture's place on a poster or a page.
//!
//! Invariants: the film is opened once its size on the screen is known, and last; where it cannot
//! be, its poster is shown in its place and the play is marked. A video without a poster of its own
//! takes its first picture for one. A video's digest is not checked again here: it was when it came
//! onto the machine, and it may be large.

use std::path::Path;

use crate::creative::known_films::{FileState, KnownFilms};
use crate::creative::picture_file;
use crate::creative::video;
use crate::creative::video::{
    BackgroundLook, BackgroundLooks, Clip, LookAfterPlay, Nv12, Showing, Tools, nv12_of_rgb,
    rgb_of_yuv,
};
use crate::page::content::Content;
use crate::page::moving_layer::Film;
use crate::raster::bitmap::Bitmap;
use crate::raster::bitmap::Pixels;
use crate::raster::canvas;
use crate::raster::palette::{Sample, Theme};
use crate::raster::scale;
use crate::raster::scale::Crop;
use crate::settings::{Settings, SoundOutput};
use crate::slide::{MovingPicture, Travel, VideoCoding};
use crate::text::fonts::drawings::DrawingFonts;
use crossbeam_channel::Sender;
use passerby_playout::content::creative::CreativeFile;
use passerby_playout::messages::stage_messages::{ComposeError, Health};
use passerby_protocol::Digest;
use passerby_protocol::campaign::{Colours, Rgb};

/// Width and height in which a first picture is decoded to choose colours by.
const PREVIEW_PX: (u32, u32) = (640, 640);
/// The longer side of a poster that is a drawing, in pixels.
const POSTER_PX: u32 = 1_920;

/// A video that is about to be shown.
pub(crate) struct VideoContent {
    clip: Option<Clip>,
    tools: Tools,
    poster: Bitmap,
    sound: Option<SoundOutput>,
    health: Health,
    look: Option<LookAfterPlay>,
}

/// Opens a video file: its poster, and the film if there is one to be had.
///
/// # Errors
/// A reason that names the file, when neither film nor poster can be shown.
pub(crate) fn open(
    (settings, tools, known): (&Settings, &Tools, &mut KnownFilms),
    fonts: &DrawingFonts,
    file: &CreativeFile,
    sound: bool,
    health: &Health,
) -> Result<VideoContent, ComposeError> {
    let own = file.parts.first();
    let own = own.map(|part| picture_file::open(part, fonts, POSTER_PX));
    let needs_first = !matches!(own, Some(Ok(_)));
    let opened = asked(tools, known, file, needs_first);
    let (clip, poster) = match (opened, own) {
        (Ok((clip, Some(first))), own) => {
            if let Some(Err(error)) = own {
                tracing::warn!("{}: its poster is not used: {error}", file.name);
            }
            (Some(clip), first)
        }
        (Ok((clip, None)), Some(Ok(poster))) => (Some(clip), poster),
        (Err(error), Some(Ok(poster))) => {
            health.fail(error.to_string());
            (None, poster)
        }
        (Ok((_, None)), Some(Err(error))) | (Err(error), _) => return Err(error),
        (Ok((_, None)), None) => {
            return Err(ComposeError::new(format!(
                "{}: it has no first picture; export it anew",
                file.name
            )));
        }
    };
    Ok(VideoContent {
        clip,
        tools: tools.clone(),
        poster,
        sound: settings.sound.clone().filter(|_| sound),
        health: health.clone(),
        look: None,
    })
}

/// What a film is, and its first picture if that is needed: known from its last play, or asked.
fn asked(
    tools: &Tools,
    known: &mut KnownFilms,
    file: &CreativeFile,
    needs_first: bool,
) -> Result<(Clip, Option<Bitmap>), ComposeError> {
    let (path, name) = (&file.path, &file.name);
    if let Some((clip, first)) = known.get(&file.digest, path, name)
        && (first.is_some() || !needs_first)
    {
        return Ok((clip, first.filter(|_| needs_first)));
    }
    let state = FileState::of(path);
    let clip = Clip::probe(tools, path, name)?;
    let first = needs_first
        .then(|| first_picture(tools, &clip, name))
        .transpose()?;
    if let Some(state) = state {
        known.put(file.digest, (path, name), state, &clip, first.as_ref());
    }
    Ok((clip, first))
}

/// What a video file holds.
pub(crate) struct VideoFacts {
    /// Pixels across and down, upright.
    pub(crate) size_px: (u32, u32),
    /// What of it is missing although it will be shown, with the name of the file before it.
    pub(crate) loss: Option<ComposeError>,
    /// What is well to know although it will be shown.
    pub(crate) notes: Vec<String>,
}

/// Looks at a video file as it will be opened: what it is, whether its first picture can be
/// decoded, and whether the rest can, as far as that is found out in a minute. Chooses a decoder
/// for its codec, which takes some seconds the first time.
///
/// # Errors
/// A reason that names the file and what to do.
pub(crate) fn look(
    tools: &Tools,
    path: &Path,
    name: &str,
    colours: &Colours,
) -> Result<VideoFacts, ComposeError> {
    let clip = Clip::probe(tools, path, name)?;
    let first = first_picture(tools, &clip, name)?;
    let mut notes = clip.notes().to_vec();
    notes.extend(Theme::remark(colours, &first.sample()));
    let loss = video::what_is_missing(tools, &clip)?;
    Ok(VideoFacts {
        size_px: clip.size_px(),
        loss: loss.map(ComposeError::new),
        notes,
    })
}

/// Decodes the first picture alone.
pub(crate) fn first_picture(
    tools: &Tools,
    clip: &Clip,
    name: &str,
) -> Result<Bitmap, ComposeError> {
    if clip.shows_paper() {
        let picture = video::first_picture(tools, clip, PREVIEW_PX)?;
        return Ok(Bitmap {
            width: picture.size_px.0,
            height: picture.size_px.1,
            pixels: Pixels::Rgba(picture.rgba),
        });
    }
    let video = video::open(
        tools,
        clip,
        Showing {
            shown_px: PREVIEW_PX,
            sound: None,
            poster: &mut |_, _, _| None,
            health: Health::default(),
        },
    )?;
    bitmap_of(&video.first).ok_or_else(|| {
        ComposeError::new(format!("{name}: its first picture is none; export it anew"))
    })
}

/// A video's picture in colours; `None` for what is no video's.
pub(crate) fn bitmap_of(picture: &MovingPicture) -> Option<Bitmap> {
    let MovingPicture::Nv12 {
        width_px,
        height_px,
        luma,
        chroma,
        coding,
    } = picture
    else {
        return None;
    };
    let mut rgb = Vec::with_capacity(luma.len() * 3);
    let width = *width_px as usize;
    for (at, &luma) in luma.iter().enumerate() {
        let (x, y) = (at % width, at / width);
        let pair = (y / 2) * (width / 2) * 2 + (x / 2) * 2;
        rgb.extend(rgb_of_yuv(luma, chroma[pair], chroma[pair + 1], *coding));
    }
    Some(Bitmap {
        width: *width_px,
        height: *height_px,
        pixels: Pixels::Rgb(rgb),
    })
}

impl Content for VideoContent {
    fn size(&self) -> (u32, u32) {
        match &self.clip {
            Some(clip) => clip.size_px(),
            None => (self.poster.width, self.poster.height),
        }
    }

    fn sample(&self) -> Sample {
        scale::sample(&self.poster)
    }

    fn stands_on_paper(&self) -> bool {
        self.clip.as_ref().is_none_or(Clip::shows_paper) && self.poster.stands_on_paper()
    }

    fn scaled(&self, crop: Crop, size: (u32, u32), paper: Rgb) -> Result<Vec<u8>, ComposeError> {
        scale::scaled(&self.poster, self.of_poster(crop), size, paper)
    }

    fn film(
        &mut self,
        crop: Crop,
        (width, height): (u32, u32),
        paper: Rgb,
    ) -> Result<Option<Film>, ComposeError> {
        let Some(clip) = self.clip.clone() else {
            return Ok(None);
        };
        let clip = clip.on_paper(paper);
        let size = clip.size_px();
        let [_, _, wide, high] = crop.share(size);
        let whole =
            |side: u32, share: f32| canvas::px((canvas::real(side) / share.max(0.01)).ceil());
        let mut poster = |width: u32, height: u32, coding: VideoCoding| -> Option<Nv12> {
            let whole = Crop::whole(self.poster.width, self.poster.height);
            let rgb = scale::scaled(&self.poster, whole, (width, height), paper).ok()?;
            nv12_of_rgb(&rgb, width, height, coding)
        };
        let opened = video::open(
            &self.tools,
            &clip,
            Showing {
                shown_px: (whole(width, wide), whole(height, high)),
                sound: self.sound.as_ref(),
                poster: &mut poster,
                health: self.health.clone(),
            },
        );
        match opened {
            Ok(video) => {
                let frame_source = match self.look.take() {
                    Some(look) => look.hang_on(video.frame_source, video.decoded),
                    None => video.frame_source,
                };
                Ok(Some(Film {
                    picture: video.first,
                    travel: Travel::Still(crop.share(size)),
                    frame_source: Some(frame_source),
                }))
            }
            Err(error) => {
                self.health.fail(error.to_string());
                Ok(None)
            }
        }
    }
}

impl VideoContent {
    /// Has the film decoded once in the background when its play is over and did not come to its
    /// end, and tells what of it people will not see.
    pub(crate) fn look_through(
        &mut self,
        looks: &BackgroundLooks,
        campaign: &str,
        digest: &Digest,
        found: &Sender<String>,
    ) {
        if let Some(clip) = &self.clip {
            let look = BackgroundLook {
                clip: clip.clone(),
                digest: *digest,
                campaign: campaign.to_owned(),
                found: found.clone(),
            };
            self.look = Some(LookAfterPlay {
                looks: looks.clone(),
                tools: self.tools.clone(),
                look,
            });
        }
    }

    /// The part of the poster that stands for a part of the film; they may differ in size, and a
    /// little in shape.
    fn of_poster(&self, crop: Crop) -> Crop {
        let [left, top, width, height] = crop.share(self.size()).map(f64::from);
        let (across, down) = (f64::from(self.poster.width), f64::from(self.poster.height));
        Crop {
            left: left * across,
            top: top * down,
            width: width * across,
            height: height * down,
        }
    }
}
