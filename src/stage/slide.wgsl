// Draws one slide: its still layer over its moving one, and its part of a transition. Colours are mixed as they are
// coded; `passerby-paint` gives the same picture without a GPU.
//
// There is a pipeline for each kind of moving layer (RGBA, NV12, STRIP, or none), since a CPU driver runs both sides of
// every branch for every pixel. No branch depends on numbers alone: Mesa's CPU driver would compile the shader anew for
// every draw with such a branch, and keep it. Hence & instead of &&.

// Mirrors `Numbers` in numbers.rs. Rectangles are x, y, width, height; "output" means pixels of the output.
struct Numbers {
    // Where the slide lies, in pixels of the output.
    area: vec4<f32>,
    // The slide's pixels across and down, nothing, and whether its code is the one to be read.
    slide: vec4<f32>,
    // Where the moving layer is seen, in pixels of the slide.
    moving: vec4<f32>,
    // From a place in the moving layer's area (0 to 1) to one in its picture: a row for x and one for y.
    across: vec4<f32>,
    down: vec4<f32>,
    // A strip's pixels a row, its height and its length; the shift of a video's chroma, in shares of the picture.
    strip: vec4<f32>,
    // From luma, chroma and 1 to red, green and blue.
    red: vec4<f32>,
    green: vec4<f32>,
    blue: vec4<f32>,
    // Opacity, shift to the right, the edge that covers what lies left of it, and how soft that edge is.
    change: vec4<f32>,
    // The slide's own code square, then where nothing moves while slides change: all in pixels of the output.
    code_square: vec4<f32>,
    calm: array<vec4<f32>, 2>,
}

@group(0) @binding(0) var<uniform> numbers: Numbers;
@group(0) @binding(1) var still: texture_2d<f32>;
@group(0) @binding(2) var exact: sampler;
@group(0) @binding(3) var picture: texture_2d<f32>;
@group(0) @binding(4) var chroma: texture_2d<f32>;
@group(0) @binding(5) var linear: sampler;

fn holds(area: vec4<f32>, at: vec2<f32>) -> bool {
    return all(at >= area.xy) & all(at < area.xy + area.zw);
}

#ifdef STRIP
// One pixel of the strip, which repeats for ever.
fn strip_pixel(across: i32, row: i32) -> vec3<f32> {
    let row_px = i32(numbers.strip.x);
    let height = i32(numbers.strip.y);
    let length = i32(numbers.strip.z);
    let along = ((across % length) + length) % length;
    let place = vec2(along % row_px, (along / row_px) * height + row);
    return textureLoad(picture, place, 0).rgb;
}
#endif

#ifdef MOVING
// The colour of the moving layer at a place of the slide.
fn moving_colour(at: vec2<f32>) -> vec3<f32> {
    let local = vec3((at - numbers.moving.xy) / numbers.moving.zw, 1.0);
    let place = vec2(dot(numbers.across.xyz, local), dot(numbers.down.xyz, local));
#ifdef STRIP
    let left = floor(place.x - 0.5);
    let row = clamp(i32(floor(place.y)), 0, i32(numbers.strip.y) - 1);
    let here = strip_pixel(i32(left), row);
    let next = strip_pixel(i32(left) + 1, row);
    let seen = mix(here, next, place.x - 0.5 - left);
#else
#ifdef NV12
    let luma = textureSampleLevel(picture, linear, place, 0.0).r;
    let pair = textureSampleLevel(chroma, linear, place + vec2(numbers.strip.w, 0.0), 0.0);
    let coded = vec4(luma, pair.rg, 1.0);
    let rgb = vec3(dot(numbers.red, coded), dot(numbers.green, coded), dot(numbers.blue, coded));
    let seen = clamp(rgb, vec3(0.0), vec3(1.0));
#else
    let seen = textureSampleLevel(picture, linear, place, 0.0).rgb;
#endif
#endif
    return select(vec3(0.0), seen, holds(numbers.moving, at));
}
#endif

// The colour of the slide where it lies at rest, at a place of the output.
fn slide_colour(at: vec2<f32>) -> vec3<f32> {
    let share = (at - numbers.area.xy) / numbers.area.zw;
    let above = textureSampleLevel(still, exact, share, 0.0);
#ifdef MOVING
    return above.rgb * above.a + moving_colour(share * numbers.slide.xy) * (1.0 - above.a);
#else
    return above.rgb * above.a;
#endif
}

// One triangle over the whole output; where the slide lies is all that is drawn of it.
@vertex
fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    let right = f32(i32(index & 1u) * 4 - 1);
    let top = f32(i32(index >> 1u) * 4 - 1);
    return vec4(right, top, 0.0, 1.0);
}

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let here = position.xy;
    let shift = numbers.change.y;
    let is_calm = holds(numbers.calm[0], here) | holds(numbers.calm[1], here);
    let at = select(here - vec2(shift, 0.0), here, is_calm);
    if select(!holds(numbers.area, at), numbers.slide.w < 0.5, is_calm) {
        discard;
    }
    // What a slide in motion shows where its code square would be: half a code must not be seen, so each row leads from the
    // pixel left of the code square over to the one right of it.
    let is_hidden = !is_calm & (shift != 0.0) & holds(numbers.code_square, at);
    let left = numbers.code_square.x - 0.5;
    let right = numbers.code_square.x + numbers.code_square.z + 0.5;
    let is_left = left > numbers.area.x;
    let is_right = right < numbers.area.x + numbers.area.z;
    let before = slide_colour(select(at, vec2(select(right, left, is_left), at.y), is_hidden));
    let behind = slide_colour(select(at, vec2(select(left, right, is_right), at.y), is_hidden));
    let way = select(0.0, (at.x - left) / (right - left), is_hidden);
    let seen = select(mix(before, behind, way), vec3(1.0), is_hidden & !is_left & !is_right);

    let covered = (numbers.area.x + numbers.change.z - here.x) / numbers.change.w;
    let opacity = numbers.change.x * smoothstep(0.0, 1.0, covered);
    return vec4(seen, select(opacity, 1.0, is_calm));
}
