//! Modules over the wire.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::collections::BTreeMap;

use frontends::model::{
    Delivery, DeliveryState, List, Module, ModuleChange, ModuleKind, ModuleOptionsChange, ModulePackage, ModuleRole,
    ModuleState, NewModule, Rewind,
};
use support::{Site, eventually, refused};
use testkit::recorder::Recorder;

fn new(name: &str) -> NewModule {
    NewModule {
        name: name.into(),
        kind: "recorder".into(),
        role: ModuleRole::Exit,
        settings: BTreeMap::from([("a".into(), "1".into()), ("b".into(), "2".into())]),
        package: ModulePackage::default(),
        options: ModuleOptionsChange { workers: Some(2), attempts_max: Some(1), ..ModuleOptionsChange::default() },
        from: Some("now".into()),
        position: None,
    }
}

#[test]
fn a_module_lives_through_every_verb() {
    let site = Site::open();
    let client = site.client();
    let recorder = Recorder::all();
    site.authority.loader.exit("recorder", recorder.clone());

    let kinds: List<ModuleKind> = client.get("/v1/module-kinds").unwrap();
    assert_eq!(kinds.items[0].name, "recorder");
    let module: Module = client.post("/v1/modules", &new("told")).unwrap();
    assert_eq!((module.name.as_str(), module.role, module.enabled), ("told", ModuleRole::Exit, true));
    assert_eq!((module.options.workers, module.options.timeout_ms), (2, 30_000));
    assert_eq!(refused(client.post::<_, Module>("/v1/modules", &new("told"))).0, 409);
    let stranger = NewModule { kind: "stranger".into(), ..new("other") };
    assert_eq!(refused(client.post::<_, Module>("/v1/modules", &stranger)).0, 422);

    let all: List<Module> = client.get("/v1/modules").unwrap();
    let names: Vec<&str> = all.items.iter().map(|module| module.name.as_str()).collect();
    assert_eq!(names, ["plain", "told"]);
    site.authority.submit("a.example", "");
    eventually("it is told", || !recorder.told().is_empty());
    eventually("it is up to date", || {
        let module: Module = client.get("/v1/modules/told").unwrap();
        module.state == ModuleState::Running && module.lag == 0 && module.delivered == 1
    });

    let change = ModuleChange {
        settings: BTreeMap::from([("a".into(), Some("7".into())), ("b".into(), None)]),
        options: Some(ModuleOptionsChange { timeout_ms: Some(5), ..ModuleOptionsChange::default() }),
    };
    let module: Module = client.patch("/v1/modules/told", &change).unwrap();
    assert_eq!(module.settings, BTreeMap::from([("a".to_owned(), "7".to_owned())]));
    assert_eq!((module.options.workers, module.options.timeout_ms), (2, 5));

    let module: Module = client.act("/v1/modules/told/disable").unwrap();
    assert_eq!((module.enabled, module.state), (false, ModuleState::Disabled));
    site.authority.submit("b.example", "");
    let told = recorder.told().len();
    client.act::<Module>("/v1/modules/told/enable").unwrap();
    eventually("it is told what came meanwhile", || recorder.told().len() > told);

    let module: Module = client.post("/v1/modules/told/rewind", &Rewind { to: "beginning".into() }).unwrap();
    assert_eq!(module.name, "told");
    eventually("it is told everything again", || recorder.told().len() >= told + 4);
    assert_eq!(refused(client.post::<_, Module>("/v1/modules/told/rewind", &Rewind { to: "soon".into() })).0, 422);

    client.delete("/v1/modules/told").unwrap();
    assert_eq!(refused(client.get::<Module>("/v1/modules/told")).0, 404);
    assert_eq!(refused(client.delete("/v1/modules/told")).0, 404);
}

#[test]
fn parked_events_are_listed_retried_and_dropped() {
    let site = Site::open();
    let client = site.client();
    let recorder = Recorder::all();
    recorder.fail();
    site.authority.loader.exit("recorder", recorder.clone());
    client.post::<_, Module>("/v1/modules", &new("told")).unwrap();
    site.authority.submit("a.example", "");
    site.authority.submit("b.example", "");
    let parked = || client.get::<List<Delivery>>("/v1/modules/told/deliveries").unwrap().items;
    eventually("both are parked", || parked().len() == 2);
    let deliveries = parked();
    assert!(deliveries.iter().all(|delivery| delivery.state == DeliveryState::Parked && delivery.retry_at.is_none()));
    assert_eq!(deliveries[0].attempts, 1);
    assert!(deliveries[0].code.0.is_failure());
    let page: List<Delivery> = client.get("/v1/modules/told/deliveries?limit=1").unwrap();
    assert_eq!(page.items, deliveries[..1]);
    let page: List<Delivery> =
        client.get(&format!("/v1/modules/told/deliveries?limit=1&after={}", page.next.unwrap())).unwrap();
    assert_eq!(page.items, deliveries[1..]);
    let module: Module = client.get("/v1/modules/told").unwrap();
    assert_eq!(module.parked, 2);
    assert!(module.last_error.unwrap().code.0.is_failure());

    recorder.succeed();
    client.order(&format!("/v1/modules/told/deliveries/{}/retry", deliveries[0].event)).unwrap();
    eventually("one is delivered", || parked().len() == 1);
    client.order(&format!("/v1/modules/told/deliveries/{}/drop", deliveries[1].event)).unwrap();
    assert!(parked().is_empty());
    assert_eq!(refused(client.order("/v1/modules/told/deliveries/77/drop")).0, 404);
    assert_eq!(refused(client.order("/v1/modules/nobody/deliveries/1/retry")).0, 404);
}
