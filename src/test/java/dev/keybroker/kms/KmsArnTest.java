package dev.keybroker.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KmsArnTest {
  @ParameterizedTest
  @CsvSource({
    "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab, false",
    "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab, false",
    "arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/recordings/calls_1, true",
    "arn:aws-cn:kms:cn-north-1:111122223333:alias/recordings, true"
  })
  void arn_parsedAndPrinted_isTheSame(String text, boolean isAlias) {
    KmsArn arn = KmsArn.parse(text);

    assertEquals(text, arn.toString());
    assertEquals(isAlias, arn.isAlias());
    assertEquals("111122223333", arn.account());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "alias/recordings",
        "1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws:kms:eu-central-1:111122223333:key/",
        "arn:aws:kms:eu-central-1:111122223333:grant/1234",
        "arn:aws:kms:eu-central-1:11112222333:key/1234",
        "arn:aws:kms::111122223333:key/1234",
        "arn:aws:iam:eu-central-1:111122223333:key/1234",
        "arn:aws:kms:eu-central-1:111122223333:key/1234\n",
        "arn:aws:kms:EU-central-1:111122223333:key/1234",
        "arn:gcp:kms:eu-central-1:111122223333:key/1234",
        "arn:aws:kms:eu.evil.example/:111122223333:key/1234"
      })
  void otherText_isRefusedWithoutIt(String text) {
    assertEquals(
        "not the ARN of a KMS key or alias",
        assertThrows(IllegalArgumentException.class, () -> KmsArn.parse(text)).getMessage());
  }
}
