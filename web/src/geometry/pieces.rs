//! Pieces of furniture as lines: side views, an outline that is filled and strokes that are not.

/// A piece of furniture in side view.
#[derive(Debug, PartialEq)]
pub struct Piece {
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// How high above the floor it begins: 0, unless it hangs on the wall.
    pub(super) above: f64,
    /// Its outlines as SVG paths with the floor at its height: what is filled, and what is only drawn.
    pub paths: [&'static str; 2],
}

const fn piece(width: f64, height: f64, above: f64, paths: [&'static str; 2]) -> Piece {
    Piece { width, height, above, paths }
}

pub(super) static SOFA: Piece = piece(
    140.0,
    58.0,
    0.0,
    [
        "M14 34V10a6 6 0 0 1 6-6h100a6 6 0 0 1 6 6v24zM4 24h8a5 5 0 0 1 5 5v10h106V29a5 5 0 0 1 5-5h8v28H4z",
        "M17 39h106M70 4v35M12 52v6M128 52v6",
    ],
);
pub(super) static TELEVISION: Piece = piece(
    92.0,
    80.0,
    0.0,
    ["M12 2h68v40H12zM2 54h88v20H2z", "M46 42v12M32 54h28M46 54v20M10 74v6M82 74v6M40 64h2M50 64h2"],
);
pub(super) static PLANT: Piece = piece(
    36.0,
    66.0,
    0.0,
    [
        "M9 46h18l-3 20H12zM18 38C8 34 4 26 4 17c9 2 13 9 14 21zM18 30c2-11 7-17 15-19 0 11-5 17-15 19zM17 20c-4-8-3-14 2-19 4 6 3 13-2 19z",
        "M18 46V20",
    ],
);
pub(super) static PICTURE: Piece =
    piece(46.0, 34.0, 132.0, ["M1 1h44v32H1z", "M7 27l11-13 8 9 5-5 8 9M34 9h4"]);
pub(super) static SHELF: Piece = piece(
    64.0,
    112.0,
    0.0,
    [
        "M2 2h60v110H2z",
        "M2 30h60M2 58h60M2 86h60M10 12v18M16 9v21M22 14v16M40 12l6 18M48 58V38M54 58V40M12 58V42M18 58V39M24 58V44M10 86V70h14v16M36 86V66M42 86V68M48 86V64",
    ],
);
pub(super) static BED: Piece = piece(
    160.0,
    64.0,
    0.0,
    [
        "M2 2h9v62H2zM11 36h138v20H11zM16 36c0-10 2-14 9-14h20c7 0 9 5 9 14zM149 28h9v36h-9z",
        "M62 36c5 8 5 13 0 20",
    ],
);
pub(super) static WARDROBE: Piece =
    piece(72.0, 128.0, 0.0, ["M2 2h68v120H2z", "M36 2v120M31 60v10M41 60v10M8 122v6M64 122v6"]);
pub(super) static NIGHTSTAND: Piece =
    piece(34.0, 36.0, 0.0, ["M2 4h30v26H2z", "M2 17h30M15 11h4M15 24h4M7 30v6M27 30v6"]);
pub(super) static BATH: Piece = piece(
    132.0,
    62.0,
    0.0,
    ["M4 18h124l-6 30a9 8 0 0 1-9 8H19a9 8 0 0 1-9-8z", "M22 56v6M110 56v6M14 18V4h12v6M2 18h128"],
);
pub(super) static BASIN: Piece = piece(
    46.0,
    118.0,
    0.0,
    [
        "M7 2h32v42H7zM2 66h42c0 12-8 17-15 17H17C10 83 2 78 2 66zM19 83h8v35h-8z",
        "M23 66v-8h7M14 12l8-6M14 22 30 8",
    ],
);
pub(super) static TOILET: Piece =
    piece(46.0, 58.0, 0.0, ["M3 2h14v32H3zM17 32h27c0 10-7 15-13 16v10H13V48H9V34z", "M17 36h26M8 8h4"]);
pub(super) static STOVE: Piece = piece(
    132.0,
    80.0,
    0.0,
    [
        "M2 22h128v52H2zM0 18h132v5H0zM18 6h24v12H18z",
        "M10 34h36v30H10zM14 40h28M54 23v51M92 23v51M86 44v10M98 44v10M14 10h4M42 10h4M12 28h4M26 28h4M40 28h4M8 74v6M124 74v6",
    ],
);
pub(super) static FRIDGE: Piece =
    piece(50.0, 124.0, 0.0, ["M2 2h46v116H2z", "M2 44h46M41 26v12M41 50v18M8 118v6M42 118v6"]);
pub(super) static TABLE: Piece = piece(
    126.0,
    58.0,
    0.0,
    ["M20 14h86v5H20z", "M30 19v39M96 19v39M4 4v54M4 36h16v22M122 4v54M122 36h-16v22M56 14c0-8 14-8 14 0"],
);
pub(super) static DESK: Piece = piece(
    110.0,
    80.0,
    0.0,
    ["M30 2h46v30H30zM2 40h106v5H2zM72 45h30v20H72z", "M53 32v8M43 40h20M8 45v35M102 45v35M83 55h8"],
);
pub(super) static CHAIR: Piece =
    piece(38.0, 66.0, 0.0, ["M6 2h6v34H6zM6 36h27v5H6z", "M19 41v15M8 62l11-6 11 6M8 62v4M30 62v4"]);
pub(super) static COATS: Piece = piece(
    38.0,
    116.0,
    0.0,
    [
        "M4 22c2 12 3 26 3 40h10V26zM30 20l-8 6v34h12c0-14-1-26-4-40z",
        "M19 6v106M6 116l13-8 13 8M19 14l-11-8M19 14l11-8M19 26 4 18M19 26l15-8",
    ],
);
pub(super) static STAIRS: Piece = piece(
    112.0,
    104.0,
    0.0,
    [
        "M2 104V90h16V76h16V62h16V48h16V34h16V20h28v84z",
        "M10 90V52M26 76V38M42 62V24M58 48V10M4 54 74 0M74 34V0",
    ],
);
pub(super) static BENCH: Piece = piece(
    66.0,
    32.0,
    0.0,
    ["M2 2h62v6H2zM6 22h54v4H6z", "M8 8v24M58 8v24M14 22c0-6 5-4 12-2v2M34 22c0-6 5-4 12-2v2"],
);
pub(super) static WASHER: Piece =
    piece(54.0, 66.0, 0.0, ["M2 2h50v60H2z", "M2 15h50M8 8h10M40 8h4M27 24a14 14 0 1 0 .1 0M8 62v4M46 62v4"]);
pub(super) static CAR: Piece = piece(
    170.0,
    62.0,
    0.0,
    [
        "M4 32c14-4 24-4 30-6l18-20h54l26 22 28 6c6 4 6 12 4 18H6c-4-6-4-14-2-20z",
        "M58 8 46 28h70L98 8M80 8v20M40 40a12 12 0 1 0 .1 0M132 40a12 12 0 1 0 .1 0",
    ],
);
pub(super) static BOILER: Piece = piece(
    52.0,
    88.0,
    0.0,
    ["M4 10a22 8 0 0 1 44 0v66H4z", "M4 24h44M26 34a7 7 0 1 0 .1 0M10 76v12M42 76v12M14 4V-8M38 4V-8"],
);
pub(super) static BARRELS: Piece = piece(
    92.0,
    46.0,
    0.0,
    ["M4 24a20 20 0 1 1 0 .1zM48 24a20 20 0 1 1 0 .1z", "M14 24h20M58 24h20M8 40l-4 6h84l-4-6"],
);
pub(super) static CRATES: Piece =
    piece(70.0, 64.0, 0.0, ["M2 34h32v30H2zM36 34h32v30H36zM20 4h32v30H20z", "M2 44h32M36 44h32M20 14h32"]);
pub(super) static BICYCLE: Piece = piece(
    104.0,
    62.0,
    0.0,
    [
        "",
        "M24 24a18 18 0 1 0 .1 0M80 24a18 18 0 1 0 .1 0M24 42l16-28h32l8 28M40 14l14 28H24M54 42l18-28-2-8h10M34 10h12",
    ],
);
pub(super) static JARS: Piece = piece(
    88.0,
    76.0,
    0.0,
    [
        "M10 10h12v14H10zM28 6h12v18H28zM46 12h14v12H46zM12 34h14v18H12zM34 38h12v14H34zM60 32h14v20H60zM14 60h18v16H14zM44 58h26v18H44z",
        "M2 24h84M2 52h84M4 0v76M84 0v76",
    ],
);
pub(super) static TRUNK: Piece = piece(
    62.0,
    36.0,
    0.0,
    ["M2 12a10 10 0 0 1 10-10h38a10 10 0 0 1 10 10v24H2z", "M2 16h58M14 2v34M48 2v34M28 14h6v6h-6z"],
);
