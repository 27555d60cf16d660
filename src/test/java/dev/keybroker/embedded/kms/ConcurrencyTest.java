package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.model.AliasListEntry;
import software.amazon.awssdk.services.kms.model.AlreadyExistsException;

class ConcurrencyTest extends LocalKmsTestCase {

  @Test
  void encryptAndDecrypt_whileKeysRotateAndAliasesMove_allSucceed()
      throws ExecutionException, InterruptedException {
    String first = newKey();
    String second = newKey();
    admin.createAlias(r -> r.aliasName("alias/moving").targetKeyId(first));
    run(
        8,
        worker -> {
          for (int i = 0; i < 40; i++) {
            if (worker == 0) {
              String target = i % 2 == 0 ? second : first;
              admin.updateAlias(r -> r.aliasName("alias/moving").targetKeyId(target));
              admin.rotateKeyOnDemand(r -> r.keyId(target));
            } else {
              String text = worker + "/" + i;
              SdkBytes blob =
                  admin
                      .encrypt(r -> r.keyId("alias/moving").plaintext(bytes(text)))
                      .ciphertextBlob();
              assertEquals(
                  text, admin.decrypt(r -> r.ciphertextBlob(blob)).plaintext().asUtf8String());
            }
          }
        });
    assertEquals(280, server.calls().of("Decrypt", Calls.OK));
    assertEquals(
        40,
        admin.listKeyRotations(r -> r.keyId(first)).rotations().size()
            + admin.listKeyRotations(r -> r.keyId(second)).rotations().size());
  }

  @Test
  void createAlias_ofOneNameByMany_succeedsOnce() throws ExecutionException, InterruptedException {
    String key = newKey();
    run(
        8,
        worker -> {
          try {
            admin.createAlias(r -> r.aliasName("alias/one").targetKeyId(key));
          } catch (AlreadyExistsException e) {
            assertEquals(1, admin.listAliases().aliases().size());
          }
        });
    assertEquals(1, server.calls().of("CreateAlias", Calls.OK));
    assertEquals(7, server.calls().of("CreateAlias", "AlreadyExistsException"));
  }

  @Test
  void createKeysAndAliases_byMany_areAllThere() throws ExecutionException, InterruptedException {
    run(
        8,
        worker -> {
          for (int i = 0; i < 10; i++) {
            String name = "alias/" + worker + "-" + i;
            String key = newKey();
            admin.createAlias(r -> r.aliasName(name).targetKeyId(key));
          }
        });
    List<String> targets =
        admin.listAliasesPaginator().aliases().stream().map(AliasListEntry::targetKeyId).toList();
    assertEquals(80, new HashSet<>(targets).size());
  }

  /// What one of several workers does.
  private interface Work {
    void run(int worker);
  }

  private static void run(int workers, Work work) throws ExecutionException, InterruptedException {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < workers; i++) {
        int worker = i;
        running.add(threads.submit(() -> work.run(worker)));
      }
      for (Future<?> result : running) {
        result.get();
      }
    }
  }
}
