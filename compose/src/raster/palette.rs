//! Colours of a slide: taken from the campaign, else from the picture, and moved until they can be
//! read.
//!
//! Invariants: the headline's ink reaches [`HEADLINE_CONTRAST`] on the paper; accent and small
//! print reach [`TEXT_CONTRAST`] (WCAG 2.2, 1.4.3 and 1.4.6). Colours move in OKLab, which keeps
//! their hue. Unless the campaign names a paper, what stands on it with transparency around reaches
//! [`ART_CONTRAST`].

use passerby_protocol::campaign::{Colours, Rgb};

use crate::raster::canvas::channel;

/// Least contrast of a headline.
pub(crate) const HEADLINE_CONTRAST: f32 = 7.0;
/// Least contrast of other text.
pub(crate) const TEXT_CONTRAST: f32 = 4.5;

/// Least contrast of what stands on the paper with transparency around it (WCAG 2.2, 1.4.11).
pub(crate) const ART_CONTRAST: f32 = 3.0;
/// Least share of transparency in a picture that makes its paper matter, 0 to 1.
const TRANSPARENCY_MIN: f64 = 0.005;
/// Most pixels that are looked at for their luminance.
const ART_PIXELS_MAX: usize = 400_000;

/// Of code squares.
pub(crate) const WHITE: Rgb = Rgb([255; 3]);
/// Of small print on code squares.
pub(crate) const SLATE: Rgb = Rgb([0x45, 0x48, 0x50]);

/// The colours of one slide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Theme {
    /// Behind text.
    pub(crate) paper: Rgb,
    /// Of the headline.
    pub(crate) ink: Rgb,
    /// Of the call to action and the rule, on paper.
    pub(crate) accent: Rgb,
    /// Of small print, on paper.
    pub(crate) quiet: Rgb,
    /// The accent as it stands on a white code square.
    pub(crate) accent_on_white: Rgb,
}

/// Lightness, green to red, blue to yellow.
#[derive(Debug, Clone, Copy)]
struct Lab([f32; 3]);

/// What a picture says about colour.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    lightness: f32,
    /// Direction of the strongest hue, length 1, or 0 in grey pictures.
    hue: [f32; 2],
    accent: Lab,
    /// None when nothing of it is transparent.
    art: Option<Art>,
}

/// How much of what is visible in a transparent picture has which luminance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Art {
    /// Shares that sum up to 1, from black to white in equal steps of contrast.
    shares: [f32; Self::STEPS],
}

impl Art {
    const STEPS: usize = 32;
    /// The natural logarithm of the contrast of black and white.
    const RANGE: f32 = 3.044_522_5;

    /// Looks at rows of RGBA whose alpha is not premultiplied; each pixel counts by its alpha.
    /// `None` when nothing of it is transparent, or everything.
    pub(crate) fn of(rgba: &[u8]) -> Option<Self> {
        let (pixels, _) = rgba.as_chunks::<4>();
        // An odd step meets every column of usual widths.
        let step = (pixels.len() / ART_PIXELS_MAX) | 1;
        let mut weights = [0_u64; Self::STEPS];
        let (mut visible, mut count) = (0_u64, 0_u64);
        for &[red, green, blue, alpha] in pixels.iter().step_by(step) {
            let alpha = u64::from(alpha);
            count += 1;
            if alpha > 0 {
                visible += alpha;
                weights[Self::step_of(luminance(Rgb([red, green, blue])))] += alpha;
            }
        }
        let transparency = 1.0 - visible as f64 / (count * 255).max(1) as f64;
        if visible == 0 || transparency < TRANSPARENCY_MIN {
            return None;
        }
        Some(Self {
            shares: weights.map(|weight| weight as f32 / visible as f32),
        })
    }

    fn step_of(luminance: f32) -> usize {
        let place = ((luminance + 0.05) / 0.05).ln() / Self::RANGE * Self::STEPS as f32;
        (1..Self::STEPS)
            .rev()
            .find(|&step| place >= step as f32)
            .unwrap_or(0)
    }

    /// Both, each for a half.
    fn joined(self, other: Self) -> Self {
        let mut shares = self.shares;
        for (share, other) in shares.iter_mut().zip(other.shares) {
            *share = f32::midpoint(*share, other);
        }
        Self { shares }
    }

    /// The mean contrast of its pixels with a paper, 1 to 21 (WCAG 2.2): what is half black and
    /// half white stands out half on either.
    pub(crate) fn contrast(&self, paper: Rgb) -> f32 {
        let paper = ((luminance(paper) + 0.05) / 0.05).ln();
        let strayed = self.shares.iter().enumerate().map(|(step, share)| {
            let place = (step as f32 + 0.5) / Self::STEPS as f32 * Self::RANGE;
            share * (place - paper).abs()
        });
        strayed.sum::<f32>().exp()
    }
}

impl Sample {
    /// Reads a small RGB version of a picture; a few thousand pixels are enough.
    pub(crate) fn of(rgb: &[u8]) -> Self {
        const BINS: usize = 24;
        let mut bins = [[0.0_f32; 4]; BINS];
        let (mut lightness, mut count) = (0.0_f32, 0.0_f32);
        for pixel in rgb.chunks_exact(3) {
            let Lab([light, a, b]) = Lab::of(Rgb([pixel[0], pixel[1], pixel[2]]));
            lightness += light;
            count += 1.0;
            let chroma = a.hypot(b);
            if chroma < 0.03 {
                continue;
            }
            let turn = (b.atan2(a) / std::f32::consts::TAU).rem_euclid(1.0);
            let bin = (0..BINS)
                .rev()
                .find(|&bin| turn * BINS as f32 >= bin as f32)
                .unwrap_or(0);
            // What is vivid counts for more than what is large, and very dark or pale pixels hardly
            // count.
            let weight = chroma * chroma * (1.0 - (2.0 * light - 1.1).abs()).max(0.05);
            let sum = &mut bins[bin];
            sum[0] += weight;
            sum[1] += weight * light;
            sum[2] += weight * a;
            sum[3] += weight * b;
        }
        let strength = |bin: usize| {
            bins[bin][0] + 0.5 * (bins[(bin + 1) % BINS][0] + bins[(bin + BINS - 1) % BINS][0])
        };
        let best = (0..BINS)
            .max_by(|&left, &right| strength(left).total_cmp(&strength(right)))
            .unwrap_or(0);
        let [weight, light, a, b] = bins[best];
        let lightness = if count > 0.0 { lightness / count } else { 0.5 };
        // A picture without colour gets the house's vermilion, so that its call still stands out.
        if weight <= 0.000_5 * count.max(1.0) {
            return Self {
                lightness,
                hue: [0.0; 2],
                accent: Lab([0.60, 0.16, 0.11]),
                art: None,
            };
        }
        let (light, a, b) = (light / weight, a / weight, b / weight);
        let chroma = a.hypot(b).max(0.001);
        let vivid = chroma.clamp(0.12, 0.20) / chroma;
        Self {
            lightness,
            hue: [a / chroma, b / chroma],
            accent: Lab([light.clamp(0.45, 0.78), a * vivid, b * vivid]),
            art: None,
        }
    }

    /// The same with what stands on the paper.
    pub(crate) fn with_art(self, art: Option<Art>) -> Self {
        let art = match (self.art, art) {
            (Some(one), Some(other)) => Some(one.joined(other)),
            (one, other) => one.or(other),
        };
        Self { art, ..self }
    }

    /// The contrast of what stands on the paper with a paper, where it is too low to be seen well.
    pub(crate) fn low_contrast(&self, paper: Rgb) -> Option<f32> {
        let contrast = self.art.map(|art| art.contrast(paper));
        contrast.filter(|&contrast| contrast < ART_CONTRAST)
    }

    /// A paper that goes with it: as dark or as light as itself, unless what stands on it would be
    /// lost there.
    fn paper(&self) -> Rgb {
        let [a, b] = self.hue;
        let dark = Lab([0.21, a * 0.028, b * 0.028]).rgb();
        let light = Lab([0.955, a * 0.016, b * 0.016]).rgb();
        let (usual, other) = if self.lightness < 0.48 {
            (dark, light)
        } else {
            (light, dark)
        };
        match &self.art {
            Some(art)
                if art.contrast(usual) < ART_CONTRAST
                    && art.contrast(other) > art.contrast(usual) =>
            {
                other
            }
            _ => usual,
        }
    }
}

impl Theme {
    /// Chooses every colour that the campaign leaves open, and mends those that could not be read.
    pub(crate) fn choose(colours: &Colours, sample: &Sample) -> Self {
        let paper = settle_paper(colours.paper.unwrap_or_else(|| sample.paper()));
        let dark_paper = luminance(paper) < 0.18;
        let ink = colours.ink.unwrap_or_else(|| {
            let [a, b] = sample.hue;
            let light = if dark_paper { 0.97 } else { 0.20 };
            Lab([light, a * 0.012, b * 0.012]).rgb()
        });
        let ink = readable(ink, paper, HEADLINE_CONTRAST);
        let accent = colours.accent.unwrap_or_else(|| {
            let Lab([light, a, b]) = sample.accent;
            Lab([if dark_paper { light.max(0.72) } else { light }, a, b]).rgb()
        });
        let quiet = readable(blend(ink, paper, 0.28), paper, TEXT_CONTRAST + 0.5);
        Self {
            paper,
            ink,
            accent: readable(accent, paper, TEXT_CONTRAST),
            quiet,
            accent_on_white: readable(accent, WHITE, TEXT_CONTRAST),
        }
    }
}

impl Theme {
    /// Says that what stands on the paper of a campaign hardly stands out there, and what to do.
    pub(crate) fn remark(colours: &Colours, sample: &Sample) -> Option<String> {
        let paper = Self::choose(colours, sample).paper;
        let contrast = sample.low_contrast(paper)?;
        Some(format!(
            "it is transparent and hardly stands out from the paper {paper}, with a contrast of {contrast:.1} where {ART_CONTRAST} can be seen well; choose another paper in [colours], or leave it out"
        ))
    }
}

/// Relative luminance, 0 to 1 (WCAG 2.2).
pub(crate) fn luminance(Rgb(channels): Rgb) -> f32 {
    let [red, green, blue] = channels.map(linear);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// Contrast ratio of two colours, 1 to 21 (WCAG 2.2).
pub(crate) fn contrast(one: Rgb, other: Rgb) -> f32 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Moves a colour away from its ground, no further than needed, until the contrast holds. Falls
/// back to black or white, whichever stands out more.
pub(crate) fn readable(colour: Rgb, ground: Rgb, ratio: f32) -> Rgb {
    if contrast(colour, ground) >= ratio {
        return colour;
    }
    let Lab([from, a, b]) = Lab::of(colour);
    let lighter_first = luminance(ground) < 0.18;
    for towards in if lighter_first {
        [1.0, 0.0]
    } else {
        [0.0, 1.0]
    } {
        let (mut near, mut far) = (from, towards);
        if contrast(Lab([far, a, b]).rgb(), ground) < ratio {
            continue;
        }
        for _ in 0..16 {
            let middle = f32::midpoint(near, far);
            if contrast(Lab([middle, a, b]).rgb(), ground) >= ratio {
                far = middle;
            } else {
                near = middle;
            }
        }
        return Lab([far, a, b]).rgb();
    }
    let (black, white) = (Rgb([0; 3]), WHITE);
    if contrast(black, ground) >= contrast(white, ground) {
        black
    } else {
        white
    }
}

/// Darkens or lightens a paper of middle grey, on which neither black nor white would reach the
/// headline's contrast.
fn settle_paper(paper: Rgb) -> Rgb {
    let holds =
        |paper| contrast(paper, WHITE).max(contrast(paper, Rgb([0; 3]))) >= HEADLINE_CONTRAST + 0.2;
    if holds(paper) {
        return paper;
    }
    let Lab([light, a, b]) = Lab::of(paper);
    (1..=50)
        .flat_map(|step| {
            let step = step as f32 * 0.01;
            [light - step, light + step]
        })
        .map(|light| Lab([light.clamp(0.0, 1.0), a, b]).rgb())
        .find(|&paper| holds(paper))
        .unwrap_or(WHITE)
}

/// Mixes two colours; `share` is that of the second.
pub(crate) fn blend(Rgb(one): Rgb, Rgb(other): Rgb, share: f32) -> Rgb {
    let mut mixed = [0; 3];
    for ((mixed, one), other) in mixed.iter_mut().zip(one).zip(other) {
        *mixed = channel(f32::from(one) * (1.0 - share) + f32::from(other) * share);
    }
    Rgb(mixed)
}

fn linear(value: u8) -> f32 {
    let value = f32::from(value) / 255.0;
    if value <= 0.040_45 {
        value / 12.92
    } else {
        ((value + 0.055) / 1.055).powf(2.4)
    }
}

/// Linear light, 0 to 1, to sRGB.
pub(crate) fn gamma(value: f32) -> f32 {
    if value <= 0.003_130_8 {
        value * 12.92
    } else {
        1.055 * value.powf(1.0 / 2.4) - 0.055
    }
}

impl Lab {
    /// Björn Ottosson's OKLab, 2020.
    fn of(Rgb(channels): Rgb) -> Self {
        let [red, green, blue] = channels.map(linear);
        let l = (0.412_221_5 * red + 0.536_332_6 * green + 0.051_445_9 * blue).cbrt();
        let m = (0.211_903_5 * red + 0.680_699_5 * green + 0.107_396_9 * blue).cbrt();
        let s = (0.088_302_5 * red + 0.281_718_9 * green + 0.629_978_7 * blue).cbrt();
        Self([
            0.210_454_3 * l + 0.793_617_8 * m - 0.004_072_0 * s,
            1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
            0.025_904_0 * l + 0.782_771_8 * m - 0.808_675_8 * s,
        ])
    }

    fn linear_rgb(self) -> [f32; 3] {
        let Self([light, a, b]) = self;
        let l = (light + 0.396_337_8 * a + 0.215_803_8 * b).powi(3);
        let m = (light - 0.105_561_3 * a - 0.063_854_2 * b).powi(3);
        let s = (light - 0.089_484_2 * a - 1.291_485_5 * b).powi(3);
        [
            4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_9 * s,
            -1.268_438 * l + 2.609_757_4 * m - 0.341_319_4 * s,
            -0.004_196_1 * l - 0.703_418_6 * m + 1.707_614_7 * s,
        ]
    }

    /// Returns the nearest colour that a screen can show, by taking chroma away.
    fn rgb(self) -> Rgb {
        let Self([light, a, b]) = self;
        let fits = |chroma: f32| {
            Self([light, a * chroma, b * chroma])
                .linear_rgb()
                .iter()
                .all(|channel| (-0.000_5..=1.000_5).contains(channel))
        };
        let mut chroma = 1.0;
        while chroma > 0.0 && !fits(chroma) {
            chroma -= 0.02;
        }
        let chroma = chroma.max(0.0);
        Rgb(Self([light, a * chroma, b * chroma])
            .linear_rgb()
            .map(|value| channel(gamma(value.clamp(0.0, 1.0)) * 255.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_given_colours_ends_up_readable() {
        let steps = [0_u8, 51, 102, 153, 204, 255];
        let grey = Sample::of(&[128; 300]);
        for red in steps {
            for green in steps {
                for blue in steps {
                    let colour = Some(Rgb([red, green, blue]));
                    let given = Colours {
                        paper: colour,
                        ink: colour,
                        accent: colour,
                    };
                    let theme = Theme::choose(&given, &grey);
                    assert!(
                        contrast(theme.ink, theme.paper) >= HEADLINE_CONTRAST,
                        "{theme:?}"
                    );
                    assert!(
                        contrast(theme.accent, theme.paper) >= TEXT_CONTRAST,
                        "{theme:?}"
                    );
                    assert!(
                        contrast(theme.quiet, theme.paper) >= TEXT_CONTRAST,
                        "{theme:?}"
                    );
                    assert!(
                        contrast(theme.accent_on_white, WHITE) >= TEXT_CONTRAST,
                        "{theme:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn colours_that_can_be_read_are_left_alone() {
        let given = Colours {
            paper: Some(Rgb([0xff, 0xf8, 0xee])),
            ink: Some(Rgb([0x20, 0x10, 0x10])),
            accent: Some(Rgb([0xb0, 0x10, 0x20])),
        };
        let theme = Theme::choose(&given, &Sample::of(&[]));
        assert_eq!(Some(theme.paper), given.paper);
        assert_eq!(Some(theme.ink), given.ink);
        assert_eq!(Some(theme.accent), given.accent);
    }

    #[test]
    fn a_pictures_strongest_colour_becomes_the_accent() {
        let mut rgb = vec![0xf0; 900];
        for pixel in rgb.chunks_exact_mut(3).take(60) {
            pixel.copy_from_slice(&[200, 30, 40]);
        }
        let Rgb([red, green, blue]) = Theme::choose(&Colours::default(), &Sample::of(&rgb)).accent;
        assert!(red > 2 * green && red > 2 * blue, "{red} {green} {blue}");
    }

    #[test]
    fn colours_survive_the_way_through_oklab() {
        for colour in [
            Rgb([0; 3]),
            Rgb([255; 3]),
            Rgb([12, 200, 99]),
            Rgb([255, 0, 0]),
        ] {
            let Rgb(back) = Lab::of(colour).rgb();
            for (one, other) in colour.0.into_iter().zip(back) {
                assert!(one.abs_diff(other) <= 1, "{colour} {back:?}");
            }
        }
    }
}
