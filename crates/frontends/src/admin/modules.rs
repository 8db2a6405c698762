//! `/v1/modules`: install, change, watch.

use axum::extract::State;
use axum::http::StatusCode;
use engine::store::{DigestCheck, ModuleOptions};
use engine::{Engine, StartFrom, right};
use module::EventId;

use super::extract::{Allowed, Json, Parameters, Segments};
use super::openapi::Problems;
use super::{Admin, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX};
use crate::model::{
    Delivery, List, Module, ModuleChange, ModuleKind, ModuleUpgrade, NewModule, Problem, Rewind, Rollback,
};

/// List the kinds of module that can be installed.
#[utoipa::path(
    get,
    path = "/v1/module-kinds",
    tag = "modules",
    responses((status = 200, description = "The kinds", body = List<ModuleKind>), Problems),
)]
pub(super) async fn kinds(State(admin): State<Admin>, _by: Allowed<right::Read>) -> axum::Json<List<ModuleKind>> {
    axum::Json(List::whole(admin.module_kinds().to_vec()))
}

/// List the installed modules, in order.
#[utoipa::path(
    get,
    path = "/v1/modules",
    tag = "modules",
    responses((status = 200, description = "The modules", body = List<Module>), Problems),
)]
pub(super) async fn list(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Read>,
) -> Result<axum::Json<List<Module>>, Problem> {
    let modules = admin.call(move |engine| engine.modules(&by)).await?;
    Ok(axum::Json(List::whole(modules.into_iter().map(Into::into).collect())))
}

/// Install a module and start it.
#[utoipa::path(
    post,
    path = "/v1/modules",
    tag = "modules",
    request_body = NewModule,
    responses((status = 201, description = "The module", body = Module), Problems),
)]
pub(super) async fn add(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Administer>,
    Json(new): Json<NewModule>,
) -> Result<(StatusCode, axum::Json<Module>), Problem> {
    let package = new.package.package()?;
    let digest = if package.manifest.is_some() { DigestCheck::Enforce } else { DigestCheck::Warn };
    let new = engine::NewModule {
        name: new.name,
        kind: new.kind,
        role: new.role.into(),
        settings: new.settings.into_iter().collect(),
        options: new.options.apply(&ModuleOptions { digest, ..ModuleOptions::default() }),
        start: new.from.map_or(Ok(StartFrom::Now), |from| from.parse())?,
        position: new.position,
    };
    let module = admin.call(move |engine| engine.install_module(&by, new, package)).await?;
    Ok((StatusCode::CREATED, axum::Json(module.into())))
}

/// Show a module.
#[utoipa::path(
    get,
    path = "/v1/modules/{name}",
    tag = "modules",
    params(("name" = String, Path, description = "The module's name")),
    responses((status = 200, description = "The module", body = Module), Problems),
)]
pub(super) async fn show(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Read>,
    Segments(name): Segments<String>,
) -> Result<axum::Json<Module>, Problem> {
    respond(&admin, move |engine| engine.module(&by, &name)).await
}

/// Change a module's settings and options, and restart it with them.
#[utoipa::path(
    patch,
    path = "/v1/modules/{name}",
    tag = "modules",
    params(("name" = String, Path, description = "The module's name")),
    request_body = ModuleChange,
    responses((status = 200, description = "The module", body = Module), Problems),
)]
pub(super) async fn change(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Administer>,
    Segments(name): Segments<String>,
    Json(change): Json<ModuleChange>,
) -> Result<axum::Json<Module>, Problem> {
    respond(&admin, move |engine| {
        let apply = change.options.map(|options| move |old: &ModuleOptions| options.apply(old));
        let apply = apply.as_ref().map(|apply| apply as &dyn Fn(&ModuleOptions) -> ModuleOptions);
        engine.set_module(&by, &name, change.settings.into_iter().collect(), apply)
    })
    .await
}

/// Install another version of a module: it takes over at the next event or request, or is tried with a share of them.
///
/// It is initialised beside the version in force, which goes on where that fails.
#[utoipa::path(
    post,
    path = "/v1/modules/{name}/upgrade",
    tag = "modules",
    params(("name" = String, Path, description = "The module's name")),
    request_body = ModuleUpgrade,
    responses((status = 200, description = "The module", body = Module), Problems),
)]
pub(super) async fn upgrade(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Administer>,
    Allowed(reader): Allowed<right::Read>,
    Segments(name): Segments<String>,
    Json(upgrade): Json<ModuleUpgrade>,
) -> Result<axum::Json<Module>, Problem> {
    let package = upgrade.package.package()?;
    respond(&admin, move |engine| {
        let kind = match upgrade.kind {
            Some(kind) => kind,
            None => engine.module(&reader, &name)?.installed.kind,
        };
        let settings = upgrade.settings.into_iter().collect();
        let new = engine::NewVersion { kind, settings, package, trial: upgrade.canary.map(Into::into) };
        engine.upgrade_module(&by, &name, new)
    })
    .await
}

/// Put the version on trial into force.
#[utoipa::path(
    post,
    path = "/v1/modules/{name}/promote",
    tag = "modules",
    params(("name" = String, Path, description = "The module's name")),
    responses((status = 200, description = "The module", body = Module), Problems),
)]
pub(super) async fn promote(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Administer>,
    Segments(name): Segments<String>,
) -> Result<axum::Json<Module>, Problem> {
    respond(&admin, move |engine| engine.promote_module(&by, &name)).await
}

/// End the trial of a version, or put an earlier one into force again.
#[utoipa::path(
    post,
    path = "/v1/modules/{name}/rollback",
    tag = "modules",
    params(("name" = String, Path, description = "The module's name")),
    request_body = Rollback,
    responses((status = 200, description = "The module", body = Module), Problems),
)]
pub(super) async fn roll_back(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Administer>,
    Segments(name): Segments<String>,
    Json(rollback): Json<Rollback>,
) -> Result<axum::Json<Module>, Problem> {
    respond(&admin, move |engine| engine.roll_back_module(&by, &name, rollback.to)).await
}

/// Remove a module, its place among the events, and its parked events.
#[utoipa::path(
    delete,
    path = "/v1/modules/{name}",
    tag = "modules",
    params(("name" = String, Path, description = "The module's name")),
    responses((status = 204, description = "Removed"), Problems),
)]
pub(super) async fn remove(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Administer>,
    Segments(name): Segments<String>,
) -> Result<StatusCode, Problem> {
    admin.call(move |engine| engine.remove_module(&by, &name)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Start a disabled module where it stood.
#[utoipa::path(
    post,
    path = "/v1/modules/{name}/enable",
    tag = "modules",
    params(("name" = String, Path, description = "The module's name")),
    responses((status = 200, description = "The module", body = Module), Problems),
)]
pub(super) async fn enable(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Administer>,
    Segments(name): Segments<String>,
) -> Result<axum::Json<Module>, Problem> {
    respond(&admin, move |engine| engine.enable_module(&by, &name)).await
}

/// Stop a module; it keeps its place.
#[utoipa::path(
    post,
    path = "/v1/modules/{name}/disable",
    tag = "modules",
    params(("name" = String, Path, description = "The module's name")),
    responses((status = 200, description = "The module", body = Module), Problems),
)]
pub(super) async fn disable(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Administer>,
    Segments(name): Segments<String>,
) -> Result<axum::Json<Module>, Problem> {
    respond(&admin, move |engine| engine.disable_module(&by, &name)).await
}

/// Move an exit module's place among the events.
#[utoipa::path(
    post,
    path = "/v1/modules/{name}/rewind",
    tag = "modules",
    params(("name" = String, Path, description = "The module's name")),
    request_body = Rewind,
    responses((status = 200, description = "The module", body = Module), Problems),
)]
pub(super) async fn rewind(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Administer>,
    Segments(name): Segments<String>,
    Json(rewind): Json<Rewind>,
) -> Result<axum::Json<Module>, Problem> {
    let start: StartFrom = rewind.to.parse()?;
    respond(&admin, move |engine| engine.rewind_module(&by, &name, start)).await
}

/// List events that wait for another delivery to a module, or are parked for it.
#[utoipa::path(
    get,
    path = "/v1/modules/{name}/deliveries",
    tag = "modules",
    params(
        ("name" = String, Path, description = "The module's name"),
        ("after" = Option<u64>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, description = "Rows, 1 to 1000; 100 where it is left out", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, description = "A page", body = List<Delivery>), Problems),
)]
pub(super) async fn deliveries(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Read>,
    Segments(name): Segments<String>,
    mut parameters: Parameters,
) -> Result<axum::Json<List<Delivery>>, Problem> {
    let after = EventId(parameters.take("after")?.unwrap_or(0));
    let limit = parameters.limit(PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX)? as usize;
    parameters.finish()?;
    let rows = admin.call(move |engine| engine.deliveries(&by, &name, after, limit)).await?;
    let next = rows.last().filter(|_| rows.len() == limit).map(|row| row.event.to_string());
    Ok(axum::Json(List { items: rows.into_iter().map(Into::into).collect(), next }))
}

/// Deliver a parked event once more, or a waiting one at once.
#[utoipa::path(
    post,
    path = "/v1/modules/{name}/deliveries/{event}/retry",
    tag = "modules",
    params(
        ("name" = String, Path, description = "The module's name"),
        ("event" = u64, Path, description = "The event's number"),
    ),
    responses((status = 204, description = "It will be delivered"), Problems),
)]
pub(super) async fn retry(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Administer>,
    Segments((name, event)): Segments<(String, u64)>,
) -> Result<StatusCode, Problem> {
    admin.call(move |engine| engine.retry_delivery(&by, &name, EventId(event))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give up an event for a module, for good.
#[utoipa::path(
    post,
    path = "/v1/modules/{name}/deliveries/{event}/drop",
    tag = "modules",
    params(
        ("name" = String, Path, description = "The module's name"),
        ("event" = u64, Path, description = "The event's number"),
    ),
    responses((status = 204, description = "Given up"), Problems),
)]
pub(super) async fn give_up(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Administer>,
    Segments((name, event)): Segments<(String, u64)>,
) -> Result<StatusCode, Problem> {
    admin.call(move |engine| engine.drop_delivery(&by, &name, EventId(event))).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn respond(
    admin: &Admin,
    act: impl FnOnce(&Engine) -> Result<engine::ModuleStatus, engine::Error> + Send + 'static,
) -> Result<axum::Json<Module>, Problem> {
    admin.call(act).await.map(|status| axum::Json(status.into()))
}
