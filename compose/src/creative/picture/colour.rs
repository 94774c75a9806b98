//! Brings the colours of a picture to sRGB, which is what screens are driven with.
//!
//! Which colours its numbers stand for, a picture says by an ICC profile (ICC.1), or a PNG by its
//! `cICP`, `gAMA` and `cHRM` chunks. One without any of them, or whose profile is sRGB, is taken as
//! it is.
//!
//! Invariants: a profile that is damaged, too large, of another kind than the picture's colours or
//! one that the colour management cannot use does not cost the picture: it is shown as if it had
//! none, and a note says so. An sRGB profile costs no pass over the pixels.

use std::sync::Arc;

use image::DynamicImage;
use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, DataColorSpace,
    Layout, MatrixCoefficients, ParsingOptions, ToneReprCurve, TransferCharacteristics,
    Transform8BitExecutor, TransformExecutor, TransformOptions, XyY,
};

use crate::creative::picture::limits::guarded;

/// The gamma with which screens and browsers show television (ITU-R BT.1886).
const TELEVISION_GAMMA: f32 = 2.4;
/// Largest profile, in bytes; those of printers take up to 3 MB.
const PROFILE_BYTES_MAX: usize = 4 << 20;
/// Largest table of a profile, in entries.
const TABLE_ENTRIES_MAX: usize = 2_000_000;
/// How far a profile's colours may be from sRGB's, in steps of eight bits, to be taken for the
/// same; profiles that approximate its curve are no further.
const SAME_STEPS_MAX: u8 = 2;
/// Steps of each channel in which a profile is compared with sRGB.
const COMPARED_STEPS: u8 = 9;
/// Pixels that are converted at once.
const PIXELS_AT_ONCE: usize = 4_096;

/// What the numbers of a picture stand for.
pub(crate) struct Profile(ColorProfile);

/// Colours of frames with eight bits and alpha, into sRGB.
#[derive(Clone)]
pub(crate) struct FrameColours(Arc<Transform8BitExecutor>);

/// The chunks of a PNG that say what its numbers stand for, as they are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PngColours {
    pub(super) has_icc: bool,
    pub(super) is_srgb: bool,
    /// Primaries and transfer by ITU-T H.273.
    pub(super) cicp: Option<[u8; 2]>,
    /// 100,000 times the exponent of the encoding.
    pub(super) gamma: Option<u32>,
    /// White, red, green and blue in CIE x and y, 100,000 times.
    pub(super) chromaticities: Option<[u32; 8]>,
}

impl Profile {
    /// Reads an ICC profile.
    ///
    /// # Errors
    /// Says why it is not used.
    pub(super) fn of_icc(icc: &[u8]) -> Result<Self, String> {
        if icc.len() > PROFILE_BYTES_MAX {
            return Err(unused(&format!(
                "is larger than {} MiB",
                PROFILE_BYTES_MAX >> 20
            )));
        }
        let options = ParsingOptions {
            max_profile_size: PROFILE_BYTES_MAX + 1,
            max_allowed_clut_size: TABLE_ENTRIES_MAX,
            ..ParsingOptions::default()
        };
        let read = guarded(|| ColorProfile::new_from_slice_with_options(icc, options));
        match read {
            Ok(Ok(profile)) => Ok(Self(profile)),
            _ => Err(unused("is damaged")),
        }
    }

    /// Makes one of what a PNG's chunks say, in the order in which browsers believe them (PNG,
    /// third edition, section 4.3); `None` when that is sRGB.
    ///
    /// # Errors
    /// Says why what they say is not used.
    pub(super) fn of_png(chunks: &PngColours) -> Result<Option<Self>, String> {
        if let Some([primaries, transfer]) = chunks.cicp {
            let transfer = TransferCharacteristics::try_from(transfer);
            if let Ok(TransferCharacteristics::Smpte2084 | TransferCharacteristics::Hlg) = transfer
            {
                return Err(
                    "it is an HDR picture and will look pale; export it as SDR with an sRGB profile"
                        .to_owned(),
                );
            }
            if let (Ok(color_primaries), Ok(transfer_characteristics)) =
                (CicpColorPrimaries::try_from(primaries), transfer)
                && ColorPrimaries::try_from(color_primaries).is_ok()
                && ToneReprCurve::try_from(transfer_characteristics).is_ok()
            {
                let mut profile = ColorProfile::new_from_cicp(CicpProfile {
                    color_primaries,
                    transfer_characteristics,
                    matrix_coefficients: MatrixCoefficients::Identity,
                    full_range: true,
                });
                if is_of_television(transfer_characteristics) {
                    // Its number would go before its curves.
                    profile.cicp = None;
                    set_curve(
                        &mut profile,
                        ToneReprCurve::Parametric(vec![TELEVISION_GAMMA]),
                    );
                }
                return Ok(Some(Self(profile)));
            }
        }
        if chunks.is_srgb || chunks.has_icc {
            return Ok(None);
        }
        // Chromium takes chromaticities alone for nothing.
        if chunks.gamma.is_none() {
            return Ok(None);
        }
        let is_sane = chunks
            .gamma
            .is_none_or(|gamma| (10_000..=500_000).contains(&gamma))
            && chunks.chromaticities.is_none_or(|corners| {
                corners.chunks_exact(2).all(|xy| {
                    let (x, y) = (xy[0], xy[1]);
                    x <= 100_000 && (1..=100_000).contains(&y)
                })
            });
        if !is_sane {
            return Ok(None);
        }
        // A gamma alone goes with the corners of sRGB, as in browsers.
        let mut profile = ColorProfile::new_srgb();
        // Its number would go before its curves.
        profile.cicp = None;
        if let Some(chromaticities) = chunks.chromaticities {
            let share = |at: usize| share_of(chromaticities[at]);
            let corner = |at: usize| Chromaticity::new(share(at), share(at + 1));
            profile.update_rgb_colorimetry(
                XyY::new(share(0).into(), share(1).into(), 1.0),
                ColorPrimaries {
                    red: corner(2),
                    green: corner(4),
                    blue: corner(6),
                },
            );
        }
        if let Some(gamma) = chunks.gamma {
            let curve = ToneReprCurve::Parametric(vec![1.0 / share_of(gamma)]);
            set_curve(&mut profile, curve);
        }
        Ok(Some(Self(profile)))
    }

    /// Whether its numbers are amounts of four inks.
    pub(super) fn is_of_inks(&self) -> bool {
        self.0.color_space == DataColorSpace::Cmyk
    }

    /// Brings a decoded picture to sRGB; `None` when it is sRGB already.
    ///
    /// # Errors
    /// Says why the profile is not used; then the picture stays as it is.
    pub(super) fn convert(&self, picture: &DynamicImage) -> Result<Option<DynamicImage>, String> {
        match self.0.color_space {
            DataColorSpace::Gray if !picture.color().has_color() => self.convert_grey(picture),
            DataColorSpace::Rgb => self.convert_rgb(picture),
            _ => Err(unused("is made for other colours than the picture has")),
        }
    }

    /// Prepares to bring frames to sRGB; `None` when they are sRGB already.
    ///
    /// # Errors
    /// Says why the profile is not used.
    pub(crate) fn of_frames(&self) -> Result<Option<FrameColours>, String> {
        if self.0.color_space != DataColorSpace::Rgb {
            return Err(unused("is made for other colours than the picture has"));
        }
        let transform = self.to_srgb(Layout::Rgba, Layout::Rgba)?;
        Ok((!is_same(&*transform, Layout::Rgba)).then_some(FrameColours(transform)))
    }

    /// Brings amounts of four inks, 255 is most, to rows of RGB.
    ///
    /// # Errors
    /// Says why the profile is not used.
    pub(super) fn of_inks(&self, inks: &[u8]) -> Result<Vec<u8>, String> {
        let transform = self.to_srgb(Layout::Rgba, Layout::Rgb)?;
        let mut rgb = vec![0; inks.len() / 4 * 3];
        let parts = inks.chunks(PIXELS_AT_ONCE * 4);
        for (from, to) in parts.zip(rgb.chunks_mut(PIXELS_AT_ONCE * 3)) {
            transform.transform(from, to).map_err(|_| unfit())?;
        }
        Ok(rgb)
    }

    fn to_srgb(&self, from: Layout, to: Layout) -> Result<Arc<Transform8BitExecutor>, String> {
        let srgb = ColorProfile::new_srgb();
        guarded(|| {
            self.0
                .create_transform_8bit(from, &srgb, to, TransformOptions::default())
        })
        .map_err(|_| unfit())?
        .map_err(|_| unfit())
    }

    fn convert_rgb(&self, picture: &DynamicImage) -> Result<Option<DynamicImage>, String> {
        let (layout, has_alpha) = if picture.color().has_alpha() {
            (Layout::Rgba, true)
        } else {
            (Layout::Rgb, false)
        };
        let transform = self.to_srgb(layout, layout)?;
        if is_same(&*transform, layout) {
            return Ok(None);
        }
        let is_deep = picture.color().bytes_per_pixel() / picture.color().channel_count() == 2;
        if is_deep {
            // Wide gamuts with eight bits have visible steps, so all of the bits are used before
            // they are taken away.
            let srgb = ColorProfile::new_srgb();
            let options = TransformOptions::default();
            let deep = guarded(|| {
                self.0
                    .create_transform_16bit(layout, &srgb, layout, options)
            })
            .map_err(|_| unfit())?
            .map_err(|_| unfit())?;
            return Ok(Some(if has_alpha {
                let mut pixels = picture.to_rgba16();
                convert_in_place(&*deep, &mut pixels, 4)?;
                DynamicImage::ImageRgba16(pixels)
            } else {
                let mut pixels = picture.to_rgb16();
                convert_in_place(&*deep, &mut pixels, 3)?;
                DynamicImage::ImageRgb16(pixels)
            }));
        }
        Ok(Some(if has_alpha {
            let mut pixels = picture.to_rgba8();
            convert_in_place(&*transform, &mut pixels, 4)?;
            DynamicImage::ImageRgba8(pixels)
        } else {
            let mut pixels = picture.to_rgb8();
            convert_in_place(&*transform, &mut pixels, 3)?;
            DynamicImage::ImageRgb8(pixels)
        }))
    }

    /// A grey has one curve: it is asked for each of its 256 steps, once.
    fn convert_grey(&self, picture: &DynamicImage) -> Result<Option<DynamicImage>, String> {
        let transform = self.to_srgb(Layout::Gray, Layout::Rgb)?;
        let ramp: Vec<u8> = (0..=255).collect();
        let mut colours = vec![0; 256 * 3];
        transform
            .transform(&ramp, &mut colours)
            .map_err(|_| unfit())?;
        let (curve, _) = colours.as_chunks::<3>();
        let is_same = (0..=255).zip(curve).all(|(grey, colour)| {
            let away = |channel: &u8| channel.abs_diff(grey);
            colour.iter().all(|channel| away(channel) <= SAME_STEPS_MAX)
        });
        if is_same {
            return Ok(None);
        }
        let mut pixels = picture.to_rgba8();
        for pixel in pixels.pixels_mut() {
            let [red, green, blue] = curve[usize::from(pixel.0[0])];
            pixel.0 = [red, green, blue, pixel.0[3]];
        }
        Ok(Some(DynamicImage::ImageRgba8(pixels)))
    }
}

impl FrameColours {
    /// Brings a frame of RGBA to sRGB.
    ///
    /// # Errors
    /// Says why the profile is not used; then the frame may be half converted.
    pub(crate) fn convert(&self, rgba: &mut [u8]) -> Result<(), String> {
        convert_in_place(&*self.0, rgba, 4)
    }
}

fn convert_in_place<T: Copy + Default>(
    transform: &(dyn TransformExecutor<T> + Send + Sync),
    samples: &mut [T],
    channels: usize,
) -> Result<(), String> {
    let mut before = vec![T::default(); PIXELS_AT_ONCE * channels];
    for part in samples.chunks_mut(PIXELS_AT_ONCE * channels) {
        let before = &mut before[..part.len()];
        before.copy_from_slice(part);
        transform.transform(before, part).map_err(|_| unfit())?;
    }
    Ok(())
}

/// Whether a conversion leaves all colours as they are, as far as anybody sees.
fn is_same(transform: &Transform8BitExecutor, layout: Layout) -> bool {
    let step = |at: u8| u8::try_from(u16::from(at) * 255 / u16::from(COMPARED_STEPS - 1));
    let steps = || (0..COMPARED_STEPS).filter_map(|at| step(at).ok());
    let mut colours = Vec::new();
    for red in steps() {
        for green in steps() {
            for blue in steps() {
                colours.extend([red, green, blue, 255]);
            }
        }
    }
    // Greys show the curve.
    colours.extend((0..=255).flat_map(|grey| [grey, grey, grey, 255]));
    if layout == Layout::Rgb {
        let (pixels, _) = colours.as_chunks::<4>();
        colours = pixels
            .iter()
            .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
            .collect();
    }
    let mut after = vec![0; colours.len()];
    let made = guarded(|| transform.transform(&colours, &mut after));
    let is_near = |(before, after): (&u8, &u8)| before.abs_diff(*after) <= SAME_STEPS_MAX;
    matches!(made, Ok(Ok(()))) && colours.iter().zip(&after).all(is_near)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "PNG counts to 100,000, which a float holds exactly"
)]
fn share_of(scaled: u32) -> f32 {
    scaled as f32 / 100_000.0
}

/// Whether a picture's numbers are those of a camera of television, which screens show with another
/// curve.
fn is_of_television(transfer: TransferCharacteristics) -> bool {
    matches!(
        transfer,
        TransferCharacteristics::Bt709
            | TransferCharacteristics::Bt601
            | TransferCharacteristics::Bt202010bit
            | TransferCharacteristics::Bt202012bit
    )
}

fn set_curve(profile: &mut ColorProfile, curve: ToneReprCurve) {
    profile.red_trc = Some(curve.clone());
    profile.green_trc = Some(curve.clone());
    profile.blue_trc = Some(curve);
}

fn unfit() -> String {
    unused("is of a kind that is not supported")
}

fn unused(why: &str) -> String {
    format!(
        "its colour profile {why}, so its colours are shown as if they were sRGB; export it with an sRGB profile"
    )
}
