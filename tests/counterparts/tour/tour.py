"""A tour of the sandbox with the package auth0-python: what works at Auth0 with this client has to work here.

Run by `cargo xtask test tour`; SANDBOX_URL and so on say where the sandbox is.
"""

import gzip
import io
import json
import os
import sys
import threading
import traceback
import urllib.request

from auth0.authentication import Database, Enterprise, GetToken, Passwordless, RevokeToken, Users
from auth0.authentication.back_channel_login import BackChannelLogin
from auth0.authentication.exceptions import Auth0Error
from auth0.authentication.pushed_authorization_requests import PushedAuthorizationRequests
from auth0.management import Auth0
from auth0.management.core.api_error import ApiError

URL = os.environ["SANDBOX_URL"]
DOMAIN = URL.removeprefix("http://")
ID, SECRET, AUDIENCE = (os.environ[f"SANDBOX_{name}"] for name in ("CLIENT_ID", "CLIENT_SECRET", "AUDIENCE"))
DATABASE = "Username-Password-Authentication"
API = "https://api.example.com/"


def fetch(path):
    with urllib.request.urlopen(path if path.startswith("http") else URL + path) as answer:
        return answer.read()


def refused(status, call):
    try:
        call()
    except (ApiError, Auth0Error) as error:
        assert error.status_code == status, error
    else:
        raise AssertionError(f"{status} was expected")


token = GetToken(DOMAIN, ID, SECRET, protocol="http").client_credentials(AUDIENCE)["access_token"]
auth0 = Auth0(base_url=f"{URL}/api/v2", token=token, max_retries=0)


def life(group, id_field, create, update=None, listed=True):
    """Create, read, list, change, delete, read again."""
    made = group.create(**create)
    key = getattr(made, id_field)
    assert getattr(group.get(key), id_field) == key
    if listed:
        assert any(key in str(item) for item in group.list())
    if update:
        group.update(key, **update)
        read = group.get(key)
        for name, value in update.items():
            assert getattr(read, name) == value, (name, read)
    group.delete(key)
    refused(404, lambda: group.get(key))


def users():
    user = auth0.users.create(connection=DATABASE, email="py@example.com", password="Secret-12", user_metadata={"a": 1, "b": 2})
    refused(409, lambda: auth0.users.create(connection=DATABASE, email="py@example.com", password="Secret-12"))
    key = user.user_id
    assert auth0.users.update(key, user_metadata={"a": None, "c": 3}).user_metadata == {"b": 2, "c": 3}
    assert auth0.users.get(key).email == "py@example.com"
    assert len(auth0.users.list_users_by_email(email="PY@example.com")) == 1
    assert len(list(auth0.users.list(per_page=50))) > 200
    assert len(list(auth0.users.list(q='email:"py@example.com"'))) == 1
    role = next(iter(auth0.roles.list()))
    auth0.users.roles.assign(key, roles=[role.id])
    assert [one.id for one in auth0.users.roles.list(key)] == [role.id]
    auth0.users.roles.delete(key, roles=[role.id])
    permission = [{"resource_server_identifier": API, "permission_name": "read:things"}]
    auth0.users.permissions.create(key, permissions=permission)
    assert len(list(auth0.users.permissions.list(key))) == 1
    auth0.users.permissions.delete(key, permissions=permission)
    for reads in (auth0.users.logs, auth0.users.organizations, auth0.users.sessions, auth0.users.refresh_token):
        list(reads.list(key))
    auth0.users.enrollments.get(key)
    list(auth0.users.authentication_methods.list(key))
    assert auth0.users.regenerate_recovery_code(key).recovery_code
    auth0.user_blocks.list(key)
    auth0.user_blocks.delete(key)
    auth0.user_blocks.list_by_identifier(identifier="py@example.com")
    auth0.user_blocks.delete_by_identifier(identifier="py@example.com")
    auth0.users.revoke_access(key)
    auth0.users.sessions.delete(key)
    auth0.users.refresh_token.delete(key)
    assert auth0.tickets.change_password(user_id=key).ticket.startswith("http")
    assert auth0.tickets.verify_email(user_id=key).ticket.startswith("http")
    assert auth0.jobs.get(auth0.jobs.verification_email.create(user_id=key).id).status == "completed"
    list(auth0.user_grants.list(user_id=key))
    auth0.user_grants.delete_by_user_id(user_id=key)
    auth0.users.delete(key)
    refused(404, lambda: auth0.users.get(key))


def jobs():
    connection = next(one for one in auth0.connections.list() if one.strategy == "auth0")
    job = auth0.jobs.users_exports.create(connection_id=connection.id, format="json", fields=[{"name": "email"}])
    while job.status != "completed":
        job = auth0.jobs.get(job.id)
    lines = gzip.decompress(fetch(job.location)).decode().strip().split("\n")
    assert len(lines) > 200 and json.loads(lines[0])["email"]
    file = ("users.json", io.BytesIO(json.dumps([{"email": "py-in@example.com"}, {"name": "x"}]).encode()), "application/json")
    job = auth0.jobs.users_imports.create(users=file, connection_id=connection.id)
    while job.status in ("pending", "processing"):
        job = auth0.jobs.get(job.id)
    assert (job.summary.inserted, job.summary.failed) == (1, 1)
    assert len(auth0.jobs.errors.get(job.id)) == 1


def clients():
    life(auth0.clients, "client_id", {"name": "Py", "app_type": "regular_web"}, {"description": "changed"})
    client = auth0.clients.create(name="Py2", app_type="non_interactive").client_id
    auth0.clients.rotate_secret(client)
    auth0.clients.credentials.list(client)
    list(auth0.clients.connections.get(client))
    api = auth0.resource_servers.create(name="Py", identifier="https://py/", scopes=[{"value": "go"}])
    auth0.resource_servers.update(api.id, token_lifetime=100)
    assert auth0.resource_servers.get(api.id).token_lifetime == 100
    list(auth0.resource_servers.list())
    grant = auth0.client_grants.create(client_id=client, audience="https://py/", scope=["go"])
    refused(409, lambda: auth0.client_grants.create(client_id=client, audience="https://py/", scope=["go"]))
    assert auth0.client_grants.update(grant.id, scope=[]).scope == []
    auth0.client_grants.get(grant.id)
    assert len(list(auth0.client_grants.list(client_id=client))) == 1
    list(auth0.client_grants.organizations.list(grant.id))
    auth0.client_grants.delete(grant.id)
    auth0.resource_servers.delete(api.id)
    auth0.clients.delete(client)


def organizations():
    key = auth0.organizations.create(name="py-org", display_name="Py").id
    refused(409, lambda: auth0.organizations.create(name="py-org"))
    auth0.organizations.update(key, metadata={"a": "b"})
    assert auth0.organizations.get_by_name("py-org").id == key
    auth0.organizations.get(key)
    assert any(one.id == key for one in auth0.organizations.list())
    user = next(iter(auth0.users.list(per_page=1))).user_id
    auth0.organizations.members.create(key, members=[user])
    assert len(list(auth0.organizations.members.list(key))) == 1
    role = next(iter(auth0.roles.list())).id
    auth0.organizations.members.roles.assign(key, user, roles=[role])
    assert len(list(auth0.organizations.members.roles.list(key, user))) == 1
    auth0.organizations.members.roles.delete(key, user, roles=[role])
    auth0.organizations.members.delete(key, members=[user])
    connection = next(one for one in auth0.connections.list() if one.strategy == "auth0").id
    auth0.organizations.enabled_connections.add(key, connection_id=connection)
    auth0.organizations.enabled_connections.update(key, connection, assign_membership_on_login=True)
    assert auth0.organizations.enabled_connections.get(key, connection).assign_membership_on_login
    assert len(list(auth0.organizations.enabled_connections.list(key))) == 1
    auth0.organizations.enabled_connections.delete(key, connection)
    domain = auth0.organizations.discovery_domains.create(key, domain="py.example.com").id
    auth0.organizations.discovery_domains.get(key, domain)
    auth0.organizations.discovery_domains.update(key, domain, status="verified")
    assert len(list(auth0.organizations.discovery_domains.list(key))) == 1
    auth0.organizations.discovery_domains.delete(key, domain)
    invitation = auth0.organizations.invitations.create(key, client_id=ID, inviter={"name": "I"}, invitee={"email": "i@example.com"})
    auth0.organizations.invitations.get(key, invitation.id)
    assert len(list(auth0.organizations.invitations.list(key))) == 1
    auth0.organizations.invitations.delete(key, invitation.id)
    auth0.organizations.delete(key)
    refused(404, lambda: auth0.organizations.get(key))


def roles_and_connections():
    life(auth0.roles, "id", {"name": "py-role"}, {"description": "changed"})
    role = auth0.roles.create(name="py-role").id
    permission = [{"resource_server_identifier": API, "permission_name": "read:things"}]
    auth0.roles.permissions.add(role, permissions=permission)
    assert len(list(auth0.roles.permissions.list(role))) == 1
    auth0.roles.permissions.delete(role, permissions=permission)
    auth0.roles.users.assign(role, users=[next(iter(auth0.users.list(per_page=1))).user_id])
    assert len(list(auth0.roles.users.list(role))) == 1
    auth0.roles.delete(role)
    life(auth0.connections, "id", {"name": "py-db", "strategy": "auth0"}, {"display_name": "changed"})
    key = auth0.connections.create(name="py-db", strategy="auth0").id
    auth0.connections.check_status(key)
    auth0.connections.clients.update(key, request=[{"client_id": ID, "status": True}])
    assert len(list(auth0.connections.clients.get(key))) == 1
    auth0.connections.users.delete_by_email(key, email="nobody@example.com")
    auth0.connections.delete(key)


def actions():
    triggers = [{"id": "post-login", "version": "v3"}]
    life(auth0.actions, "id", {"name": "py", "supported_triggers": triggers, "code": "1"}, {"code": "2"})
    key = auth0.actions.create(name="py", supported_triggers=triggers, code="1").id
    version = auth0.actions.deploy(key)
    assert version.deployed
    assert len(list(auth0.actions.versions.list(key))) == 1
    auth0.actions.versions.get(key, version.id)
    auth0.actions.test(key, payload={})
    auth0.actions.triggers.list()
    binding = {"ref": {"type": "action_id", "value": key}, "display_name": "Py"}
    auth0.actions.triggers.bindings.update_many("post-login", bindings=[binding])
    assert len(list(auth0.actions.triggers.bindings.list("post-login"))) == 1
    auth0.actions.triggers.bindings.update_many("post-login", bindings=[])
    auth0.actions.delete(key)


def settings():
    auth0.tenants.settings.update(friendly_name="Py")
    assert auth0.tenants.settings.get().friendly_name == "Py"
    auth0.branding.update(logo_url="https://a.example.com/l.png")
    assert auth0.branding.get().logo_url == "https://a.example.com/l.png"
    for name in ("bot_detection", "breached_password_detection", "brute_force_protection", "captcha", "suspicious_ip_throttling"):
        getattr(auth0.attack_protection, name).get()
    auth0.attack_protection.brute_force_protection.update(enabled=True)
    auth0.attack_protection.breached_password_detection.update(enabled=True)
    auth0.attack_protection.suspicious_ip_throttling.update(enabled=True)
    auth0.prompts.update_settings(identifier_first=True)
    assert auth0.prompts.get_settings().identifier_first is True
    auth0.prompts.custom_text.set("login", "en", request={"login": {"title": "T"}})
    assert auth0.prompts.custom_text.get("login", "en") == {"login": {"title": "T"}}
    list(auth0.prompts.rendering.list())
    auth0.guardian.policies.set(request=[])
    assert auth0.guardian.policies.list() == []
    auth0.guardian.factors.set("otp", enabled=True)
    assert any(one.name == "otp" and one.enabled for one in auth0.guardian.factors.list())
    auth0.guardian.factors.phone.get_message_types()
    auth0.guardian.factors.sms.get_templates()
    auth0.guardian.factors.push_notification.get_selected_provider()
    refused(404, auth0.emails.provider.get)
    auth0.emails.provider.create(name="sendgrid", credentials={"api_key": "k"})
    auth0.emails.provider.update(enabled=False)
    assert auth0.emails.provider.get().enabled is False
    auth0.emails.provider.delete()
    auth0.risk_assessments.settings.get()
    auth0.supplemental_signals.get()
    auth0.stats.get_active_users_count()
    auth0.stats.get_daily()
    log = next(iter(auth0.logs.list(per_page=1)))
    assert auth0.logs.get(log.log_id).log_id == log.log_id
    before = auth0.keys.signing.list()[0].kid
    auth0.keys.signing.rotate()
    auth0.keys.signing.get(before)
    auth0.keys.signing.revoke(before)


def others():
    life(auth0.rules, "id", {"name": "py", "script": "f"}, {"enabled": False})
    auth0.rules_configs.set("PY", value="v")
    assert any(one.key == "PY" for one in auth0.rules_configs.list())
    auth0.rules_configs.delete("PY")
    life(auth0.forms, "id", {"name": "py"}, {"name": "changed"})
    life(auth0.flows, "id", {"name": "py"}, {"name": "changed"})
    life(auth0.self_service_profiles, "id", {"name": "python"}, {"name": "changed"})
    life(auth0.token_exchange_profiles, "id", {"name": "python", "subject_token_type": "urn:py:t", "action_id": "a", "type": "custom_authentication"}, {"name": "changed"})
    life(auth0.hooks, "id", {"name": "py", "script": "f", "trigger_id": "credentials-exchange"}, {"enabled": True})
    stream = auth0.log_streams.create(request={"name": "py", "type": "http", "sink": {"httpEndpoint": "https://a.example.com"}})
    auth0.log_streams.update(stream.id, name="changed")
    assert auth0.log_streams.get(stream.id).name == "changed"
    assert len(auth0.log_streams.list()) == 1
    auth0.log_streams.delete(stream.id)
    domain = auth0.custom_domains.create(domain="py.example.com", type="auth0_managed_certs").custom_domain_id
    assert auth0.custom_domains.verify(domain).status == "ready"
    auth0.custom_domains.test(domain)
    auth0.custom_domains.get(domain)
    auth0.custom_domains.list()
    auth0.custom_domains.delete(domain)
    for reads in (auth0.groups, auth0.device_credentials, auth0.rate_limit_policies,
                  auth0.event_streams, auth0.network_acls, auth0.verifiable_credentials.verification.templates, auth0.flows.vault.connections):
        list(reads.list())
    # Their own default of 50 is more than the API allows.
    list(auth0.connection_profiles.list(take=10))
    list(auth0.user_attribute_profiles.list(take=10))
    auth0.connection_profiles.list_templates()
    auth0.user_attribute_profiles.list_templates()
    auth0.branding.phone.providers.list()
    auth0.branding.phone.templates.list()


def authentication():
    web = next(one for one in auth0.clients.list() if one.name == "Sample web app")
    own = (DOMAIN, web.client_id, web.client_secret)
    get = GetToken(*own, protocol="http")
    user = "user-000002@example.com"
    tokens = get.login(user, "Sandbox-1", scope="openid email offline_access", realm=DATABASE)
    assert Users(DOMAIN, protocol="http").userinfo(tokens["access_token"])["email"] == user
    assert "access_token" in get.refresh_token(tokens["refresh_token"])
    refused(403, lambda: get.login(user, "wrong", realm=DATABASE))
    RevokeToken(*own, protocol="http").revoke_refresh_token(tokens["refresh_token"])
    refused(403, lambda: get.refresh_token(tokens["refresh_token"]))
    Passwordless(*own, protocol="http").email("py-code@example.com", send="code")
    message = json.loads(fetch("/__sandbox/outbox?to=py-code@example.com"))[-1]
    assert "id_token" in get.passwordless_login("py-code@example.com", message["code"], "email", "openid", None)
    database = Database(*own, protocol="http")
    assert database.signup("py-up@example.com", "Secret-12", DATABASE)["email"] == "py-up@example.com"
    refused(400, lambda: database.signup("py-up@example.com", "Secret-12", DATABASE))
    assert "email" in database.change_password("py-up@example.com", DATABASE)
    assert "IDPSSODescriptor" in Enterprise(*own, protocol="http").saml_metadata()
    assert "EntityDescriptor" in Enterprise(*own, protocol="http").wsfed_metadata()
    pushed = PushedAuthorizationRequests(*own, protocol="http").pushed_authorization_request("code", "https://app.example.com/callback")
    assert pushed["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    subject = auth0.users.list_users_by_email(email=user)[0].user_id
    hint = json.dumps({"format": "iss_sub", "iss": URL + "/", "sub": subject})
    started = BackChannelLogin(*own, protocol="http").back_channel_login("Pay", hint, "openid")
    refused(400, lambda: get.backchannel_login(started["auth_req_id"]))
    decision = json.dumps({"auth_req_id": started["auth_req_id"]}).encode()
    urllib.request.urlopen(urllib.request.Request(URL + "/__sandbox/decide", data=decision, method="POST"))
    assert "id_token" in get.backchannel_login(started["auth_req_id"])


def give_up():
    print("the tour took longer than 5 minutes", file=sys.stderr)
    os._exit(2)


watch = threading.Timer(300, give_up)
watch.daemon = True
watch.start()
failed = []
STEPS = [users, jobs, clients, organizations, roles_and_connections, actions, settings, others, authentication]
for step in STEPS:
    try:
        step()
    except Exception:  # every step is told of, not only the first that fails
        failed.append(step.__name__)
        traceback.print_exc(limit=3)
entries = json.loads(fetch("/__sandbox/requests"))
done = {entry["operation"] for entry in entries if entry["operation"] and (entry["status"] or 500) < 300}
print(f"auth0-python 6.8.0: {len(done)} operations succeeded, {len(failed)} of {len(STEPS)} steps failed: {failed}")
sys.exit(bool(failed) or len(done) < 150)
