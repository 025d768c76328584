"""Faults planted in the ways in: routes, origins, buckets and what access logs tell."""

from __future__ import annotations

from tests.architecture.planting import Fault, add, of, route, set_in

FAULTS: list[Fault] = [
    (
        "a route without a guard",
        route("Pages", "GET", "/people"),
        "routes are what the guards know",
        "without a guard: GET /people of pages",
    ),
    (
        "a guarded route at another function",
        route("Audit", "GET", "/account"),
        "routes are what the guards know",
        "without a guard: GET /account of audit",
    ),
    (
        "a guard without a route",
        set_in("Pages", "Events", "SignOut", to=None),
        "routes are what the guards know",
        "guarded, but no route: POST /sign-out of pages",
    ),
    (
        "more routes than a function's policy can name",
        lambda r: [route("Pages", "GET", f"/planted/{n}", f"Planted{n}")(r) for n in range(45)],
        "routes are what the guards know",
        "pages: more routes than its policy can name",
    ),
    (
        "a function URL",
        set_in("Pages", "FunctionUrlConfig", to={"AuthType": "NONE"}),
        "there is no other way in",
        "pages: a function URL, which knows no guard",
    ),
    (
        "a REST API",
        set_in("Audit", "Events", "Planted", to={"Type": "Api", "Properties": {}}),
        "there is no other way in",
        "audit: an event of type Api",
    ),
    (
        "a permission for anybody to invoke",
        add("Planted", "AWS::Lambda::Permission", Principal="*"),
        "there is no other way in",
        "Planted: AWS::Lambda::Permission is not a type we know the walls of",
    ),
    (
        "the default endpoint",
        set_in("Api", "DisableExecuteApiEndpoint", to=False),
        "there is no other way in",
        "Api: answers under a second name",
    ),
    (
        "open CORS",
        set_in("Api", "CorsConfiguration", to={"AllowOrigins": ["*"]}),
        "no other origin is let in",
        "Api: CORS",
    ),
    (
        "a bucket whose public access is not blocked",
        set_in("TilesBucket", "PublicAccessBlockConfiguration", "BlockPublicPolicy", to=False),
        "no bucket is public",
        "TilesBucket: BlockPublicPolicy is not true",
    ),
    (
        "a bucket without any block",
        set_in("TilesBucket", "PublicAccessBlockConfiguration", to=None),
        "no bucket is public",
        "TilesBucket: RestrictPublicBuckets is not true",
    ),
    (
        "a public canned list",
        set_in("TilesBucket", "AccessControl", to="PublicRead"),
        "no bucket is public",
        "TilesBucket: AccessControl",
    ),
    (
        "a bucket without encrypted transport",
        lambda r: of("TilesBucketPolicy", r)["PolicyDocument"]["Statement"].pop(0),
        "no bucket is public",
        "TilesBucket: lets bytes travel in the clear",
    ),
    (
        "a bucket whose objects can be replaced",
        lambda r: of("TilesBucketPolicy", r)["PolicyDocument"]["Statement"].pop(1),
        "no bucket is public",
        "TilesBucket: lets what was published be replaced",
    ),
    (
        "a path in the access log",
        set_in("Api", "AccessLogSettings", "Format", to='{"path":"$context.path"}'),
        "access logs name nobody",
        "Api: logs $context.path",
    ),
]
