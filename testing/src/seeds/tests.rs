use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;

fn inputs() -> Vec<u64> {
    let seen = std::cell::RefCell::new(Vec::new());
    let config = Config {
        source_file: Some(file!()),
        ..random_cases(5)
    };
    TestRunner::new(config)
        .run(&any::<u64>(), |value| {
            seen.borrow_mut().push(value);
            Ok(())
        })
        .expect("nothing fails");
    seen.into_inner()
}

#[test]
fn random_inputs_are_the_same_in_every_run() {
    let first = inputs();
    assert!(first.len() >= 5);
    assert_eq!(inputs(), first);
}

#[test]
fn a_find_is_tried_again_from_its_line() {
    let property = |value: u64| value < u64::MAX / 4;
    let config = Config {
        source_file: Some("testing/example.rs"),
        failure_persistence: Some(Box::new(Heard(Vec::new()))),
        ..random_cases(100)
    };
    let mut runner = TestRunner::new(config);
    let failed = runner.run(&any::<u64>(), |value| {
        prop_assert!(property(value));
        Ok(())
    });
    assert!(failed.is_err());
    let heard = runner.config().failure_persistence.as_ref().expect("set");
    let heard = heard.as_any().downcast_ref::<Heard>().expect("this one");
    let [seed] = heard.0.as_slice() else {
        panic!("one find: {:?}", heard.0)
    };
    let line = find_line("testing/example.rs", seed, &"a\nvalue");
    let rest = found_in(&line, "testing/example.rs")
        .next()
        .expect("its own line");
    assert_eq!(rest, seed.to_string());
    assert_eq!(rest.parse(), Ok(seed.clone()));
    assert_eq!(found_in(&line, "testing/example").count(), 0);
    assert_eq!(line.lines().count(), 1);
}

#[test]
fn every_line_of_the_found_cases_names_a_test_file_and_a_case() {
    for line in FOUND_CASES.lines().filter(|line| !line.starts_with('#')) {
        let source = line.split(' ').next().expect("a word");
        let path = crate::package_folder().join("..").join(source);
        assert!(path.is_file(), "{line}: no such file");
        let case = found_in(line, source).next().expect("a case");
        let is_case = case.parse::<PersistedSeed>().is_ok();
        let is_seed = case
            .strip_prefix("seed ")
            .is_some_and(|seed| seed.parse::<u64>().is_ok());
        assert!(is_case || is_seed, "{line}");
    }
}

/// Keeps what it hears.
#[derive(Debug, Clone, PartialEq)]
struct Heard(Vec<PersistedSeed>);

impl FailurePersistence for Heard {
    fn load_persisted_failures2(&self, _: Option<&'static str>) -> Vec<PersistedSeed> {
        Vec::new()
    }

    fn save_persisted_failure2(
        &mut self,
        _: Option<&'static str>,
        seed: PersistedSeed,
        _: &dyn fmt::Debug,
    ) {
        self.0.push(seed);
    }

    fn box_clone(&self) -> Box<dyn FailurePersistence> {
        Box::new(self.clone())
    }

    fn eq(&self, other: &dyn FailurePersistence) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
