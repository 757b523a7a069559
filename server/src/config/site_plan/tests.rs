//! A site plan is laid by two of its points, and a file that cannot be one is refused.

use super::*;

/// A metre, in degrees of latitude.
const METRE: f64 = 1.0 / 111_319.5;

/// A file with a plan of 800 by 520, in a directory of its own.
fn file() -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("plan; of 101.svg");
    fs::write(&path, r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 520"/>"#).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (directory, path)
}

fn read(setting: &str) -> Result<Plan, String> {
    SitePlan::read(setting).map(|site_plan| site_plan.plan)
}

fn assert_near(found: (f64, f64), wanted: (f64, f64)) {
    let off = (found.0 - wanted.0).hypot(found.1 - wanted.1);
    assert!(off < 0.1 * METRE, "{found:?} is not {wanted:?}");
}

#[test]
fn the_corners_follow_from_two_points() {
    let (_directory, file) = file();
    // The demo's plan by other points of it. Its corners are 160 m and 104 m apart.
    let (south_west, north_east) = ((37.500_670_3, 127.039_197_7), (37.501_604_6, 127.041_009_5));
    for points in [
        "56,56=37.501504,127.0393246;516,462=37.5007745,127.0403663",
        " 516 , 462 = 37.5007745 , 127.0403663 ; 56,56=37.501504,127.0393246 ",
        // On one level, and one above the other.
        "0,0=37.5016046,127.0391977;800,0=37.5016046,127.0410095",
        "0,520=37.5006703,127.0391977;0,0=37.5016046,127.0391977",
    ] {
        let plan = read(&format!("{file};{points}")).unwrap();
        assert_near(plan.south_west, south_west);
        assert_near(plan.north_east, north_east);
        assert_eq!(plan.address, "/site-plan");
    }
}

#[test]
fn a_measure_that_is_a_little_off_is_shared_between_both_points() {
    let (_directory, file) = file();
    let off = 2.0 * METRE;
    let moved = format!("{file};56,56={},127.0393246;516,462=37.5007745,127.0403663", 37.501_504 + off);
    let plan = read(&moved).unwrap();
    let middle = f64::midpoint(plan.south_west.0, plan.north_east.0);
    assert!((middle - f64::midpoint(37.500_670_3, 37.501_604_6)).abs() < off, "{plan:?}");
}

#[test]
fn the_demos_points_fit_the_file_that_is_shipped() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../public/demo-plan.svg");
    assert_eq!(Picture::read(fs::read(file).unwrap()).unwrap().frame, DEMO_FRAME);
    let demo = SitePlan::of_demo().unwrap();
    assert!(demo.picture.is_none());
    assert_eq!(demo.plan.address, "/demo-plan.svg");
    assert_near(demo.plan.south_west, (37.500_670_3, 127.039_197_7));
    assert_near(demo.plan.north_east, (37.501_604_6, 127.041_009_5));
}

#[test]
fn a_file_that_cannot_be_a_plan_is_refused_by_name_with_the_remedy() {
    let (directory, file) = file();
    let missing = directory.path().join("nothing.svg").display().to_string();
    let folder = directory.path().display().to_string();
    let large = directory.path().join("large.svg").display().to_string();
    fs::File::create(&large).unwrap().set_len(LARGEST + 1).unwrap();
    let text = directory.path().join("plan.txt").display().to_string();
    fs::write(&text, "101").unwrap();
    let good = "56,56=37.501504,127.0393246;516,462=37.5007745,127.0403663";
    for (setting, sentence) in [
        (file.clone(), "write FILE;X,Y=LAT,LNG;X,Y=LAT,LNG"),
        (format!(";{good}"), "names no file"),
        (format!("{missing};{good}"), "cannot be read"),
        (format!("{folder};{good}"), "is not a file"),
        (format!("{large};{good}"), "smaller than 5 MiB"),
        (format!("{text};{good}"), "neither an SVG nor a PNG"),
        (format!("{file};56,56=37.501504;516,462=37.5007745,127.0403663"), "is not a point"),
        (format!("{file};56,56=37.501504,inf;516,462=37.5007745,127.0403663"), "is not a point"),
        (
            format!("{file};56,56=127.0393246,37.501504;516,462=127.0403663,37.5007745"),
            "latitude comes first",
        ),
        (format!("{file};56,56=37.501504,227.0;516,462=37.5007745,127.0403663"), "nowhere on the map"),
        (
            format!("{file};56,56=37.501504,127.0393246;516,620=37.5007745,127.0403663"),
            "outside of the picture",
        ),
        (
            format!("{file};-1,56=37.501504,127.0393246;516,462=37.5007745,127.0403663"),
            "outside of the picture",
        ),
        (format!("{file};56,56=37.501504,127.0393246;56,56=37.501504,127.0393246"), "too near"),
        (format!("{file};56,56=37.501504,127.0393246;60,60=37.5007745,127.0403663"), "too near"),
        (format!("{file};56,56=37.501504,127.0393246;516,462=37.501504,127.0393246"), "too near"),
        // Upside down, mirrored, and one number mistyped.
        (format!("{file};56,56=37.5007745,127.0393246;516,462=37.501504,127.0403663"), "north is at the top"),
        (format!("{file};56,56=37.501504,127.0403663;516,462=37.5007745,127.0393246"), "north is at the top"),
        (format!("{file};56,56=37.511504,127.0393246;516,462=37.5007745,127.0403663"), "north is at the top"),
    ] {
        let error = read(&setting).unwrap_err();
        assert!(error.starts_with("IUTSAI_SITE_PLAN") && error.ends_with('.'), "{error}");
        assert!(error.contains(sentence), "{setting}: {error}");
    }
}
