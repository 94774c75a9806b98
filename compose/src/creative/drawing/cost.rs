//! Estimates what a parsed drawing costs to draw at a size, before it is drawn.
//!
//! The estimate follows the renderer: a group with opacity, blending, a mask, a clip or a filter is
//! drawn on a layer of its own, as large as what it holds, but at most five times the screen each
//! way; a pattern is drawn anew for each shape that is filled with it; filters visit all pixels of
//! their layer, some of them many times.
//!
//! Invariant: an estimate never takes longer than [`VISITS_MAX`] visits of nodes.

use resvg::tiny_skia::{PathSegment, Rect, Transform};
use resvg::usvg::filter::Kind;
use resvg::usvg::{ClipPath, Group, Image, ImageKind, Mask, Node, Paint, Path, Tree};

/// Longest that a drawing may take, in nanoseconds of a slow board, roughly.
const TIME_NS_MAX: f64 = 15.0e9;
/// Most bytes of layers at once.
const LAYER_BYTES_MAX: f64 = 512.0 * 1024.0 * 1024.0;
/// Most nodes that an estimate visits, with patterns visited for each use.
const VISITS_MAX: u32 = 2_000_000;
/// Nanoseconds to fill a pixel.
const FILL_NS: f64 = 10.0;
/// How much longer that takes with a gradient.
const GRADIENT: f64 = 4.0;
/// Nanoseconds for each row that an edge of an outline crosses.
const CROSSING_NS: f64 = 60.0;
/// Nanoseconds to make, clear and lay down a layer, for each pixel.
const LAYER_NS: f64 = 25.0;
/// Nanoseconds for a node, and for each segment of an outline.
const NODE_NS: f64 = 500.0;
/// Nanoseconds to decode a pixel of a picture and to lay it down.
const DECODE_NS: f64 = 30.0;

/// Refuses a drawing that would take too long or too much memory at a size.
pub(super) fn check(tree: &Tree, transform: Transform, size: (u32, u32)) -> Result<(), String> {
    let Some(cost) = estimate(tree, transform, size).filter(|cost| cost.time_ns <= TIME_NS_MAX)
    else {
        return Err(
            "the drawing takes too long to draw, by its filters, patterns or layers; simplify them, or export it as PNG"
                .to_owned(),
        );
    };
    if cost.bytes > LAYER_BYTES_MAX {
        return Err(format!(
            "the drawing needs more than {} MiB for its layers; flatten its groups, or export it as PNG",
            (LAYER_BYTES_MAX / 1_048_576.0).round()
        ));
    }
    Ok(())
}

/// What a drawing costs at a size; `None` when it has too many nodes to tell.
pub(super) fn estimate(tree: &Tree, transform: Transform, size: (u32, u32)) -> Option<Cost> {
    let mut estimate = Estimate {
        size: (size.0 as f32, size.1 as f32),
        visits: 0,
    };
    let cost = estimate.group(tree.root(), transform);
    (estimate.visits <= VISITS_MAX).then_some(cost)
}

/// What drawing takes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    /// In nanoseconds of a slow board, roughly.
    pub(super) time_ns: f64,
    /// Of the layers that exist at the same time.
    bytes: f64,
}

impl Cost {
    /// Adds what is drawn after it.
    fn then(&mut self, other: Self) {
        self.time_ns += other.time_ns;
        self.bytes = self.bytes.max(other.bytes);
    }
}

struct Estimate {
    /// Of what is drawn on, in pixels.
    size: (f32, f32),
    visits: u32,
}

impl Estimate {
    /// Whether to go on; past the limit the verdict is known.
    fn visit(&mut self) -> bool {
        self.visits = self.visits.saturating_add(1);
        self.visits <= VISITS_MAX
    }

    /// Pixels that a box covers on screen.
    fn seen_px(&self, bounds: Rect, transform: Transform) -> f64 {
        self.covered_px(bounds, transform, 0.0)
    }

    /// Pixels of a layer for a box: the renderer keeps two screens more on each side.
    fn layer_px(&self, bounds: Rect, transform: Transform) -> f64 {
        self.covered_px(bounds, transform, 2.0)
    }

    fn covered_px(&self, bounds: Rect, transform: Transform, beyond: f32) -> f64 {
        let Some(bounds) = bounds.transform(transform) else {
            return 0.0;
        };
        let along = |from: f32, to: f32, side: f32| {
            let from = from.max(-beyond * side);
            let to = to.min((1.0 + beyond) * side);
            f64::from((to - from + 4.0).max(0.0))
        };
        along(bounds.left(), bounds.right(), self.size.0)
            * along(bounds.top(), bounds.bottom(), self.size.1)
    }

    fn group(&mut self, group: &Group, transform: Transform) -> Cost {
        let mut cost = Cost {
            time_ns: NODE_NS,
            bytes: 0.0,
        };
        if !self.visit() {
            return cost;
        }
        let transform = transform.pre_concat(group.transform());
        for child in group.children() {
            let child = self.node(child, transform);
            cost.then(child);
        }
        if !group.should_isolate() {
            return cost;
        }
        let layer = self.layer_px(group.layer_bounding_box().to_rect(), transform);
        cost.time_ns += layer * LAYER_NS;
        for filter in group.filters() {
            let region = self.layer_px(filter.rect().to_rect(), transform).min(layer);
            for primitive in filter.primitives() {
                let filtered = self.filter(primitive.kind(), region, transform);
                cost.time_ns += filtered.time_ns;
                cost.bytes = cost.bytes.max(filtered.bytes);
            }
            // Results are kept until the last one.
            let kept = filter.primitives().len() as f64 + 2.0;
            cost.bytes = cost.bytes.max(region * 4.0 * kept);
        }
        if let Some(clip) = group.clip_path() {
            let clipped = self.clip(clip, layer, transform);
            cost.then(clipped);
        }
        if let Some(mask) = group.mask() {
            let masked = self.mask(mask, layer, transform);
            cost.then(masked);
        }
        cost.bytes += layer * 4.0;
        cost
    }

    fn node(&mut self, node: &Node, transform: Transform) -> Cost {
        match node {
            Node::Group(group) => self.group(group, transform),
            Node::Path(path) => self.path(path, transform),
            Node::Image(image) => self.image(image, transform),
            Node::Text(text) => self.group(text.flattened(), transform),
        }
    }

    fn path(&mut self, path: &Path, transform: Transform) -> Cost {
        let mut cost = Cost::default();
        if !self.visit() {
            return cost;
        }
        let area = self.seen_px(path.stroke_bounding_box(), transform);
        let segments = path.data().len() as f64;
        let crossings = self.crossings(path, transform);
        let paints = [
            path.fill().map(|fill| (fill.paint(), 1.0)),
            // A stroke is outlined first, on both sides; dashes multiply its outline.
            path.stroke().map(|stroke| {
                let dashes = if stroke.dasharray().is_some() {
                    20.0
                } else {
                    6.0
                };
                (stroke.paint(), dashes)
            }),
        ];
        for (paint, outlines) in paints.into_iter().flatten() {
            let shading = match paint {
                Paint::LinearGradient(_) | Paint::RadialGradient(_) => GRADIENT,
                _ => 1.0,
            };
            cost.time_ns += NODE_NS + segments * NODE_NS * outlines;
            cost.time_ns += crossings * CROSSING_NS * 2.0 + area * FILL_NS * shading;
            if let Paint::Pattern(pattern) = paint {
                let (across, down) = transform.pre_concat(pattern.transform()).get_scale();
                let tile = f64::from(pattern.rect().width() * across)
                    * f64::from(pattern.rect().height() * down);
                let mut drawn = self.group(pattern.root(), Transform::from_scale(across, down));
                drawn.time_ns += tile.abs() * LAYER_NS + area * FILL_NS * 4.0;
                drawn.bytes += tile.abs() * 4.0;
                cost.then(drawn);
            }
        }
        cost
    }

    /// How many rows the edges of an outline cross, with its curves as long as their handles.
    fn crossings(&self, path: &Path, transform: Transform) -> f64 {
        let (_, down) = transform.get_scale();
        let high = self.size.1;
        let (mut rows, mut last) = (0.0, 0.0);
        for segment in path.data().segments() {
            let mut reach = |y: f32| {
                rows += f64::from(((y - last) * down).abs().min(high));
                last = y;
            };
            match segment {
                PathSegment::MoveTo(to) => last = to.y,
                PathSegment::LineTo(to) => reach(to.y),
                PathSegment::QuadTo(handle, to) => {
                    [handle, to].iter().for_each(|at| reach(at.y));
                }
                PathSegment::CubicTo(one, other, to) => {
                    [one, other, to].iter().for_each(|at| reach(at.y));
                }
                PathSegment::Close => {}
            }
        }
        rows
    }

    fn image(&mut self, image: &Image, transform: Transform) -> Cost {
        if !self.visit() {
            return Cost::default();
        }
        let pixels = f64::from(image.size().width()) * f64::from(image.size().height());
        let seen = self.seen_px(image.bounding_box(), transform);
        if let ImageKind::SVG(_) = image.kind() {
            return Cost::default();
        }
        Cost {
            time_ns: pixels * DECODE_NS + seen * DECODE_NS,
            bytes: pixels * 8.0,
        }
    }

    fn clip(&mut self, clip: &ClipPath, layer: f64, transform: Transform) -> Cost {
        let inner = transform.pre_concat(clip.transform());
        let mut cost = self.group(clip.root(), inner);
        if let Some(next) = clip.clip_path() {
            let next = self.clip(next, layer, transform);
            cost.then(next);
        }
        cost.time_ns += layer * LAYER_NS;
        // Each clipped element inside takes a layer of the same size; the groups counted their own.
        cost.bytes += layer * 5.0;
        cost
    }

    fn mask(&mut self, mask: &Mask, layer: f64, transform: Transform) -> Cost {
        let mut cost = self.group(mask.root(), transform);
        if let Some(next) = mask.mask() {
            let next = self.mask(next, layer, transform);
            cost.then(next);
        }
        cost.time_ns += layer * LAYER_NS * 2.0;
        cost.bytes += layer * 6.0;
        cost
    }

    fn filter(&mut self, kind: &Kind, region: f64, transform: Transform) -> Cost {
        let (across, down) = transform.get_scale();
        let (wide, high) = (self.size.0 * 5.0, self.size.1 * 5.0);
        let mut inner = Cost::default();
        let pixel_ns = match kind {
            Kind::Turbulence(fe) => 60.0 + 120.0 * f64::from(fe.num_octaves()),
            Kind::Morphology(fe) => {
                let reach = |radius: f32, scale: f32, most: f32| {
                    f64::from(2.0 * (radius * scale).min(most) + 1.0)
                };
                let visited = reach(fe.radius_x().get(), across, wide)
                    * reach(fe.radius_y().get(), down, high);
                2.0 * visited
            }
            Kind::ConvolveMatrix(fe) => {
                8.0 * f64::from(fe.matrix().columns()) * f64::from(fe.matrix().rows())
            }
            Kind::GaussianBlur(_) | Kind::DropShadow(_) => 120.0,
            Kind::DiffuseLighting(_) | Kind::SpecularLighting(_) => 120.0,
            Kind::Image(fe) => {
                inner = self.group(fe.root(), transform);
                LAYER_NS
            }
            _ => 30.0,
        };
        inner.time_ns += region * pixel_ns;
        inner
    }
}
