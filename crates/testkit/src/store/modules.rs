//! Modules, cursors, deliveries.

use engine::store::{Change, Delivery, DeliveryState, InstalledModule, ModuleOptions, ModuleRole, Store};
use module::{EventId, HResult, Settings};

use super::Open;
use crate::fixture::request;

fn installed_module(name: &str, role: ModuleRole, position: u32) -> InstalledModule {
    InstalledModule {
        name: name.into(),
        kind: "journal".into(),
        role,
        settings: [("path", "/var/lib/journal \"ü\""), ("empty", "")].into_iter().collect(),
        options: ModuleOptions { inline: true, workers: 7, attempts_max: 3, ..ModuleOptions::default() },
        enabled: true,
        position,
        installed: request(1).submitted,
        versions: engine::store::Versions { number: 3, ..engine::store::Versions::default() },
        cursor: EventId(0),
    }
}

fn install(module: &InstalledModule) -> Change {
    Change { modules: vec![module.clone()], ..Change::default() }
}

fn names(store: &dyn Store, role: ModuleRole) -> Vec<String> {
    let modules = store.modules().expect("an answer").into_iter();
    modules.filter(|module| module.role == role).map(|module| module.name).collect()
}

pub(super) fn installed(open: Open<'_>) {
    let store = open();
    assert!(store.modules().expect("an answer").is_empty());
    let mut second = installed_module("second", ModuleRole::Exit, 1);
    for module in
        [&second, &installed_module("first", ModuleRole::Exit, 0), &installed_module("p", ModuleRole::Policy, 0)]
    {
        store.commit(install(module)).expect("installed");
    }
    assert_eq!(names(&*store, ModuleRole::Exit), ["first", "second"]);
    assert_eq!(names(&*store, ModuleRole::Policy), ["p"]);

    second.settings = Settings::default();
    second.options = ModuleOptions::default();
    second.enabled = false;
    second.kind = "file".into();
    store.commit(install(&second)).expect("changed");
    drop(store);
    let store = open();
    let found = store.modules().expect("an answer");
    assert_eq!(found.len(), 3);
    assert!(found.contains(&second) && found.contains(&installed_module("first", ModuleRole::Exit, 0)));
    store.commit(Change { removed_modules: vec!["second".into()], ..Change::default() }).expect("removed");
    assert_eq!(names(&*store, ModuleRole::Exit), ["first"]);
}

pub(super) fn cursors(open: Open<'_>) {
    let store = open();
    for name in ["a", "b"] {
        store.commit(install(&installed_module(name, ModuleRole::Exit, 0))).expect("installed");
    }
    let moves = |cursors: &[(&str, u64)]| Change {
        cursors: cursors.iter().map(|(name, event)| ((*name).to_owned(), EventId(*event))).collect(),
        ..Change::default()
    };
    let cursor = |store: &dyn Store, name: &str| -> Option<u64> {
        let modules = store.modules().expect("an answer").into_iter();
        modules.filter(|module| module.name == name).map(|module| module.cursor.0).next()
    };
    for number in 1..=5 {
        store.commit(super::issue(request(number))).expect("an event");
    }
    store.commit(moves(&[("a", 3), ("b", 5), ("gone", 4)])).expect("moved; what is gone does not matter");
    assert_eq!((cursor(&*store, "a"), cursor(&*store, "b"), cursor(&*store, "gone")), (Some(3), Some(5), None));
    store.commit(moves(&[("a", 4)])).expect("moved");
    drop(store);
    let store = open();
    assert_eq!((cursor(&*store, "a"), cursor(&*store, "b")), (Some(4), Some(5)));
    let rewound = InstalledModule { cursor: EventId(1), ..installed_module("b", ModuleRole::Exit, 0) };
    store.commit(install(&rewound)).expect("rewound");
    assert_eq!(cursor(&*store, "b"), Some(1));

    // Whoever delivers moves the cursor of a module that is changed as it runs.
    let changed =
        InstalledModule { kind: "file".into(), cursor: EventId(0), ..installed_module("b", ModuleRole::Exit, 0) };
    let gone = installed_module("gone", ModuleRole::Exit, 0);
    store.commit(Change { running_modules: vec![changed, gone], ..Change::default() }).expect("changed");
    let modules = store.modules().expect("an answer");
    let kinds: Vec<_> = modules.iter().map(|module| (module.name.as_str(), module.kind.as_str())).collect();
    assert_eq!(kinds, [("a", "journal"), ("b", "file")]);
    assert_eq!(cursor(&*store, "b"), Some(1));
}

pub(super) fn deliveries(open: Open<'_>) {
    let store = open();
    for name in ["a", "b"] {
        store.commit(install(&installed_module(name, ModuleRole::Exit, 0))).expect("installed");
    }
    let delivery = |module: &str, event: u64, state| Delivery {
        module: module.into(),
        event: EventId(event),
        state,
        attempts: 2,
        code: HResult::ERROR_TIMEOUT,
        error: "took \"too\" long — ü".into(),
        first_failed: request(1).submitted,
        last_failed: request(2).submitted,
    };
    let failed = |deliveries: &[&Delivery]| Change {
        deliveries: deliveries.iter().map(|delivery| (*delivery).clone()).collect(),
        ..Change::default()
    };
    let again = DeliveryState::Waiting(request(9).submitted);
    let (waiting, parked) = (delivery("a", 3, again), delivery("a", 7, DeliveryState::Parked));
    let others = delivery("b", 3, DeliveryState::Parked);
    store.commit(failed(&[&parked, &waiting, &others])).expect("kept");
    store.commit(failed(&[&delivery("gone", 1, again)])).expect("what is gone has no deliveries");
    let found = |store: &dyn Store, module: &str, after, limit| {
        store.deliveries(module, EventId(after), limit).expect("an answer")
    };
    assert_eq!(found(&*store, "a", 0, 10), [waiting.clone(), parked.clone()]);
    assert_eq!(found(&*store, "a", 0, 1), std::slice::from_ref(&waiting));
    assert_eq!(found(&*store, "a", 3, 10), std::slice::from_ref(&parked));
    assert_eq!(found(&*store, "b", 0, 10), [others]);
    assert!(found(&*store, "gone", 0, 10).is_empty() && found(&*store, "a", 7, 10).is_empty());

    let given_up = Delivery { state: DeliveryState::Parked, attempts: 3, error: String::new(), ..waiting };
    let failed_again = Delivery { first_failed: request(4).submitted, ..given_up.clone() };
    store.commit(failed(&[&failed_again])).expect("replaced, but for when it first failed");
    assert_eq!(found(&*store, "a", 0, 10), [given_up, parked]);
    let settled = vec![("a".to_owned(), EventId(3)), ("a".to_owned(), EventId(4)), ("gone".to_owned(), EventId(3))];
    store.commit(Change { settled, ..Change::default() }).expect("settled; what is not there does not matter");
    drop(store);
    let store = open();
    assert_eq!(found(&*store, "a", 0, 10).len(), 1);

    store.commit(Change { removed_modules: vec!["a".into()], ..Change::default() }).expect("removed");
    store.commit(install(&installed_module("a", ModuleRole::Exit, 0))).expect("installed anew");
    assert!(found(&*store, "a", 0, 10).is_empty(), "deliveries go with their module");
    assert_eq!(found(&*store, "b", 0, 10).len(), 1, "and no other's");
}
