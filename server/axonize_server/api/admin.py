"""Controllers: /api/v1/admin, tenants, their keys and what they use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, Router, delete, get, post, put
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody, PathParameter, QueryParameter

from axonize_server.accounts import Retention, Tenant
from axonize_server.api import admin_schemas as schemas
from axonize_server.api.errors import documented
from axonize_server.api.session import (
    EMPTY,
    Credentials,
    address_of,
    refuse_forms,
    session_cookie,
)
from axonize_server.api.times import parse_time
from axonize_server.auth.admin import (
    ADMIN_COOKIE,
    AdminGate,
    require_admin_key,
    require_admin_of_tenant,
    require_manager,
)
from axonize_server.auth.guards import OPEN
from axonize_server.auth.keys import new_key
from axonize_server.auth.sessions import LASTS
from axonize_server.erasure import Erasure
from axonize_server.model import InvalidQuery
from axonize_server.store.postgres.keys import Keys
from axonize_server.store.postgres.tenants import Tenants
from axonize_server.usage import Meter

PROBLEMS = documented(400, 401, 403, 404, 409, 429, 503, 504)
LONGEST_DAYS = 366


@dataclass(frozen=True)
class Administration:
    """What tenants are managed with."""

    tenants: Tenants
    keys: Keys
    meter: Meter
    suspend: Callable[[str], Tenant]
    erasure: Erasure
    gate: AdminGate


Desk = NamedDependency[Administration]
TenantPath = Annotated[
    str, PathParameter(pattern=schemas.TENANT_ID, description="`tenant_id` of a tenant.")
]


def build_router(administration: Administration) -> Router:
    """Return the paths under /admin."""
    gate = administration.gate
    everything = Router("/", route_handlers=[TenantController], guards=[require_admin_key(gate)])
    one = Router("/", route_handlers=[KeyController], guards=[require_admin_of_tenant(gate)])
    session = Router("/", route_handlers=[AdminSessionController], guards=[require_manager(gate)])
    return Router(
        "/admin",
        route_handlers=[everything, one, session],
        dependencies={"desk": Provide(lambda: administration, sync_to_thread=False)},
    )


class AdminSessionController(Controller):
    """The session of whoever runs the server; logging in needs no key but the one it takes."""

    path = "/session"
    tags = ["Admin"]  # noqa: RUF012 - Litestar declares it as an instance variable

    @post(
        "/", summary="Log in as who runs the server", responses=PROBLEMS, status_code=200, opt=OPEN
    )
    async def log_in_admin(
        self, request: Request[Any, Any, Any], desk: Desk, data: JSONBody[Credentials]
    ) -> Response[schemas.Manager]:
        """Take the admin key, and answer with a cookie that stands for it for 7 days."""
        refuse_forms(request)
        made = await desk.gate.log_in(data.key.strip(), address_of(request))
        cookie = session_cookie(request, ADMIN_COOKIE, made, int(LASTS.total_seconds()))
        return Response(schemas.Manager("everything", None), cookies=[cookie])

    @get(
        "/",
        summary="Read what the caller manages",
        responses=PROBLEMS,
        opt=OPEN,
        security=[{}],  # a key, or none
    )
    async def read_manager(self, request: Request[Any, Any, Any], desk: Desk) -> schemas.Manager:
        """Return what the caller manages: nothing, where a browser has not logged in."""
        return schemas.Manager(*await desk.gate.manages(request))

    @delete("/", summary="End that session", responses={**PROBLEMS, **EMPTY}, status_code=204)
    async def log_out_admin(self, request: Request[Any, Any, Any], desk: Desk) -> Response[None]:
        """End the session of whoever runs the server, if there is one."""
        if cookie := request.cookies.get(ADMIN_COOKIE):
            await desk.gate.log_out(cookie)
        return Response(None, cookies=[session_cookie(request, ADMIN_COOKIE, "", 0)])


class TenantController(Controller):
    """The tenants, for the admin key of the server."""

    path = "/tenants"
    tags = ["Admin"]  # noqa: RUF012 - Litestar declares it as an instance variable

    @get("/", summary="List tenants", responses=PROBLEMS, sync_to_thread=True)
    def list_tenants(self, desk: Desk) -> schemas.TenantList:
        """Return every tenant."""
        return schemas.TenantList([schemas.tenant(each) for each in desk.tenants.all()])

    @post("/", summary="Make a tenant", responses=PROBLEMS, sync_to_thread=True)
    def make_tenant(self, desk: Desk, data: JSONBody[schemas.NewTenant]) -> schemas.Tenant:
        """Make a tenant, which has no keys yet."""
        name = data.name or data.tenant_id
        return schemas.tenant(desk.tenants.add(data.tenant_id, name, data.max_spans_per_day))

    @post(
        "/{tenant_id:str}/suspend",
        summary="Suspend a tenant",
        responses=PROBLEMS,
        status_code=200,
        sync_to_thread=True,
    )
    def suspend_tenant(self, desk: Desk, tenant_id: TenantPath) -> schemas.Tenant:
        """Let the keys of a tenant open nothing, within 5 s on every server; data stays.

        What waits to be stored of it is refused at once on this server.
        """
        return schemas.tenant(desk.suspend(tenant_id))

    @post(
        "/{tenant_id:str}/resume",
        summary="Resume a tenant",
        responses=PROBLEMS,
        status_code=200,
        sync_to_thread=True,
    )
    def resume_tenant(self, desk: Desk, tenant_id: TenantPath) -> schemas.Tenant:
        """Let the keys of a suspended tenant work again."""
        return schemas.tenant(desk.tenants.resume(tenant_id))

    @put(
        "/{tenant_id:str}/quota",
        summary="Set the quota of a tenant",
        responses=PROBLEMS,
        sync_to_thread=True,
    )
    def set_quota(
        self, desk: Desk, tenant_id: TenantPath, data: JSONBody[schemas.Quota]
    ) -> schemas.Tenant:
        """Say how many spans a tenant may store on one day."""
        return schemas.tenant(desk.tenants.limit(tenant_id, data.max_spans_per_day))

    @put(
        "/{tenant_id:str}/retention",
        summary="Set how long data of a tenant is kept",
        responses=PROBLEMS,
        sync_to_thread=True,
    )
    def set_retention(
        self, desk: Desk, tenant_id: TenantPath, data: JSONBody[schemas.Retention]
    ) -> schemas.Tenant:
        """Keep each kind of data for so many days; what is over then is removed within the hour."""
        if data.traces < data.spans:
            raise InvalidQuery("traces: lists are kept at least as long as the spans behind them")
        days = Retention(**msgspec.structs.asdict(data))
        return schemas.tenant(desk.tenants.keep(tenant_id, days))

    @delete("/{tenant_id:str}", summary="Delete a tenant", responses=PROBLEMS, sync_to_thread=True)
    def delete_tenant(self, desk: Desk, tenant_id: TenantPath) -> None:
        """Remove a tenant, its keys and all of its data, for good; takes some seconds."""
        desk.erasure.erase(tenant_id)


class KeyController(Controller):
    """One tenant, for the admin key of the server and the tenant's own keys with `admin`."""

    path = "/tenants/{tenant_id:str}"
    tags = ["Admin"]  # noqa: RUF012 - Litestar declares it as an instance variable

    @get("/keys", summary="List keys", responses=PROBLEMS, sync_to_thread=True)
    def list_keys(self, desk: Desk, tenant_id: TenantPath) -> schemas.KeyList:
        """Return the keys of a tenant by prefix; what opens anything is not kept."""
        desk.tenants.get(tenant_id)
        return schemas.KeyList([schemas.api_key(key) for key in desk.keys.of_tenant(tenant_id)])

    @post("/keys", summary="Make a key", responses=PROBLEMS, sync_to_thread=True)
    def make_key(
        self, desk: Desk, tenant_id: TenantPath, data: JSONBody[schemas.NewKey]
    ) -> schemas.MadeKey:
        """Make a key and show it, this once."""
        made = new_key()
        scopes = list(dict.fromkeys(data.scopes))
        expires_at = _moment("expires_at", data.expires_at)
        record = desk.keys.add(tenant_id, made.prefix, made.sha256, data.name, scopes, expires_at)
        return schemas.MadeKey(made.key, schemas.api_key(record))

    @delete("/keys/{prefix:str}", summary="Revoke a key", responses=PROBLEMS, sync_to_thread=True)
    def revoke_key(
        self,
        desk: Desk,
        tenant_id: TenantPath,
        prefix: Annotated[str, PathParameter(description="`prefix` of the key.")],
    ) -> None:
        """End a key for good, within 5 s on every server."""
        desk.keys.revoke(tenant_id, prefix)

    @get("/usage", summary="Read usage", responses=PROBLEMS, sync_to_thread=True)
    def read_usage(
        self,
        desk: Desk,
        tenant_id: TenantPath,
        start: Annotated[
            date | None,
            QueryParameter(name="from", description="First day, UTC; 30 days by default."),
        ] = None,
        end: Annotated[
            date | None, QueryParameter(name="to", description="Last day, UTC; today by default.")
        ] = None,
    ) -> schemas.UsageList:
        """Return what a tenant stored on each day, as far as it can be counted or was recorded."""
        desk.tenants.get(tenant_id)
        found = desk.meter.days(tenant_id, *_days(start, end))
        return schemas.UsageList([schemas.day_usage(day) for day in found])


def _moment(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    return datetime.fromtimestamp(parse_time(name, text) // 1_000_000_000, timezone.utc)


def _days(start: date | None, end: date | None) -> tuple[date, date]:
    last = end or datetime.now(timezone.utc).date()
    first = start or last - timedelta(days=29)
    if not timedelta(0) <= last - first < timedelta(days=LONGEST_DAYS):
        raise InvalidQuery(f"from, to: expected 1 to {LONGEST_DAYS} days")
    return first, last
