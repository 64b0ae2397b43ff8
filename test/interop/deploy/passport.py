"""The OpenSSF's tool and CycloneDX's schema: passport.py keys <folder> | sign <model> <key> | schema <schemas> <bom>..."""
import json, pathlib, sys
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

what, first = sys.argv[1], pathlib.Path(sys.argv[2])

if what == "keys":
    for name, curve in (("p256", ec.SECP256R1()), ("p384", ec.SECP384R1()), ("p521", ec.SECP521R1())):
        key = ec.generate_private_key(curve)
        pem = serialization.Encoding.PEM
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
        (first / f"{name}.pem").write_bytes(private)
        (first / f"{name}.pub.pem").write_bytes(public)
elif what == "schema":
    import jsonschema
    from referencing import Registry, Resource

    schemas = {path.name.replace(".SNAPSHOT", ""): json.loads(path.read_text()) for path in first.glob("*.json")}
    registry = Registry()
    for name, schema in schemas.items():
        resource = Resource.from_contents(schema)
        registry = registry.with_resource(schema["$id"], resource).with_resource(f"http://cyclonedx.org/schema/{name.replace('.schema', '.SNAPSHOT.schema')}", resource)
    schema = schemas["bom-1.7.schema.json"]
    checker = jsonschema.Draft7Validator(schema, registry=registry, format_checker=jsonschema.FormatChecker())
    for path in sys.argv[3:]:
        for error in checker.iter_errors(json.loads(pathlib.Path(path).read_text())):
            print(f"{path}: {list(error.path)} {error.message[:300]}")
