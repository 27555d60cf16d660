"""What a platform team does with boto3, against a local KMS: {endpoint} {role ARN} {external id}."""

import json
import sys

import boto3
from botocore.exceptions import ClientError

endpoint, role_arn, external_id = sys.argv[1:]
CONTEXT = {"keybroker:tenant": "acme"}


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return error
    raise AssertionError("not refused: " + code)


def client(service, credentials=None):
    keys = {}
    if credentials:
        keys = {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials["SessionToken"],
        }
    return boto3.client(service, endpoint_url=endpoint, **keys)


kms, sts, iam = client("kms"), client("sts"), client("iam")

# Keys, aliases, encryption under a context.
key = kms.create_key(Description="recordings")["KeyMetadata"]["Arn"]
kms.create_alias(AliasName="alias/recordings", TargetKeyId=key)
blob = kms.encrypt(KeyId="alias/recordings", Plaintext=b"secret", EncryptionContext=CONTEXT)
opened = kms.decrypt(CiphertextBlob=blob["CiphertextBlob"], EncryptionContext=CONTEXT)
assert opened["Plaintext"] == b"secret" and opened["KeyId"] == key
refused("InvalidCiphertextException", kms.decrypt, CiphertextBlob=blob["CiphertextBlob"])
pair = kms.generate_data_key_pair_without_plaintext(
    KeyId=key, KeyPairSpec="ECC_NIST_P256", EncryptionContext=CONTEXT
)
assert "PrivateKeyPlaintext" not in pair and pair["PrivateKeyCiphertextBlob"]
if "DryRun" in kms.meta.service_model.operation_model("Encrypt").input_shape.members:
    refused("DryRunOperationException", kms.encrypt, KeyId=key, Plaintext=b"x", DryRun=True)

# Pages.
for i in range(3):
    kms.create_alias(AliasName="alias/page-%d" % i, TargetKeyId=key)
pages = kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 2})
names = [alias["AliasName"] for page in pages for alias in page["Aliases"]]
assert names == sorted(names) and len(names) == 4, names

# Policies, and the refusal of a document with a misspelt element.
policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
policy["Statement"][0]["Principle"] = {"AWS": "*"}
refused(
    "MalformedPolicyDocumentException",
    kms.put_key_policy,
    KeyId=key,
    PolicyName="default",
    Policy=json.dumps(policy),
)

# A grant, used by the session of a role; the session has tags.
assume = {"RoleArn": role_arn, "RoleSessionName": "boto3", "ExternalId": external_id}
tags = [{"Key": "team", "Value": "audio"}]
session = sts.assume_role(Tags=tags, TransitiveTagKeys=["team"], **assume)["Credentials"]
tenant = client("kms", session)
refused("AccessDeniedException", tenant.describe_key, KeyId=key)
grant = kms.create_grant(KeyId=key, GranteePrincipal=role_arn, Operations=["DescribeKey"])
assert tenant.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
kms.revoke_grant(KeyId=key, GrantId=grant["GrantId"])
refused("AccessDeniedException", tenant.describe_key, KeyId=key)

# What the role may do.
name = role_arn.rsplit("/", 1)[1]
assert iam.list_role_policies(RoleName=name)["PolicyNames"] == ["local"]
assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []
simulated = iam.simulate_principal_policy(
    PolicySourceArn=role_arn, ActionNames=["kms:ListKeys", "kms:Decrypt"]
)
decisions = [result["EvalDecision"] for result in simulated["EvaluationResults"]]
assert decisions == ["allowed", "implicitDeny"], decisions
print("as expected")
