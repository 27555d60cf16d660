package dev.keybroker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.keystore.TenantAccount;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The calls of `src/docs/administrator.md`, run as they are written against the packaged broker
/// and the local KMS, both by key policy and by role. What the page does with the AWS CLI is done
/// here with the AWS SDK, by the documents that the broker answered.
class AdministratorPageIT {
  private static final Path PAGE = Path.of("src/docs/administrator.md");
  private static final String ACCOUNT = "222233334444";
  private static final String KEY =
      "\"key_arn\": \"arn:aws:kms:eu-central-1:222233334444:alias/recordings\"";
  private static final String ROLE = "\"role_arn\": \"arn:aws:iam::222233334444:role/keybroker\"";
  private static final ObjectMapper JSON = new ObjectMapper();

  /// The page's blocks: the function, the documents, the test, the save.
  private record Page(String function, String documents, String test, String save) {
    static Page read() throws Exception {
      List<String> blocks = ReadmeTourIT.blocks(PAGE);
      assertEquals(4, blocks.size());
      return new Page(blocks.get(0), blocks.get(1), blocks.get(2), blocks.get(3));
    }

    /// The same calls with the role named and for another keystore, as the page says.
    Page byRole() {
      return new Page(function, withRole(documents), withRole(test), withRole(save));
    }

    private static String withRole(String block) {
      assertTrue(block.contains(KEY), block);
      return block
          .replace(KEY, KEY + ", " + ROLE)
          .replace("keystores/calls", "keystores/calls-by-role")
          .replace("\"keystore_id\": \"calls\"", "\"keystore_id\": \"calls-by-role\"");
    }
  }

  @Test
  void callsOfThePage_leadToAKeystore_byKeyPolicyAndByRole() throws Exception {
    ReadmeTourIT.needs(Files.isExecutable(ReadmeTourIT.BUF), "target/buf/buf");
    Path folder =
        Files.createTempDirectory(Files.createDirectories(Path.of("target/administrator")), "run-")
            .toAbsolutePath();
    Page page = Page.read();
    try (EmbeddedServices services = EmbeddedServices.start(folder.resolve("services"));
        PackagedBroker broker = PackagedBroker.start(folder, ReadmeTourIT.configuration(services));
        TenantAccount tenant = new TenantAccount(services, ACCOUNT)) {
      assertEquals(
          "arn:aws:kms:eu-central-1:222233334444:alias/recordings",
          tenant.alias("recordings", tenant.newKey()));

      JsonNode refused = call(page.function, page.test, folder, broker);
      assertFalse(refused.path("passed").asBoolean(), refused::toString);
      saved(page, false, tenant, folder, broker);
      saved(page.byRole(), true, tenant, folder, broker);
    }
  }

  private static void saved(
      Page page, boolean byRole, TenantAccount tenant, Path folder, PackagedBroker broker)
      throws Exception {
    JsonNode documents = call(page.function, page.documents, folder, broker);
    if (byRole) {
      tenant.role(
          "keybroker",
          documents.path("trustPolicy").asText(),
          documents.path("permissionsPolicy").asText());
    }
    List<String> statements = new ArrayList<>();
    JSON.readTree(documents.path("keyPolicyStatement").asText())
        .forEach(statement -> statements.add(statement.toString()));
    tenant.alias("recordings", tenant.newKey(statements.toArray(String[]::new)));

    JsonNode tested = call(page.function, page.test, folder, broker);
    assertTrue(tested.path("passed").asBoolean(), tested::toString);
    JsonNode keystore = call(page.function, page.save, folder, broker);
    assertFalse(keystore.path("activeKek").asText().isEmpty(), keystore::toString);
    // The same call again has the same answer.
    assertEquals(
        keystore.path("activeKek"),
        call(page.function, page.save, folder, broker).path("activeKek"));
  }

  private static JsonNode call(String function, String block, Path folder, PackagedBroker broker)
      throws Exception {
    return JSON.readTree(ReadmeTourIT.run(function + block, folder, broker));
  }
}
