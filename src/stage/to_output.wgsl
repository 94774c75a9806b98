// Brings a finished frame to an output that takes light and codes it itself: sRGB surfaces of windows.

@group(0) @binding(0) var canvas: texture_2d<f32>;

// From sRGB's coded values to amounts of light.
fn light(coded: vec3<f32>) -> vec3<f32> {
    let dark = coded / 12.92;
    let bright = pow((coded + 0.055) / 1.055, vec3(2.4));
    return select(bright, dark, coded <= vec3(0.04045));
}

// One triangle over the whole output.
@vertex
fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    let right = f32(i32(index & 1u) * 4 - 1);
    let top = f32(i32(index >> 1u) * 4 - 1);
    return vec4(right, top, 0.0, 1.0);
}

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let coded = textureLoad(canvas, vec2<i32>(position.xy), 0).rgb;
    return vec4(light(coded), 1.0);
}
