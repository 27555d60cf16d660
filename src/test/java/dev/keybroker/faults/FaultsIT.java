package dev.keybroker.faults;

import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Two brokers under a load with known answers, while what they need fails.
///
/// Part of `./mvnw -Pfaults verify` alone. `-Dkeybroker.it.fault='Redis down'` runs the cases whose
/// name contains this.
@Tag("faults")
@SuppressWarnings("NullAway.Init") // set before all tests
class FaultsIT {
  private static final FaultsTable TABLE = new FaultsTable("cases", CaseResult.HEADER);

  private static Deployment deployment;
  private static Callers callers;

  static Stream<FaultCase> cases() {
    String wanted = System.getProperty("keybroker.it.fault", "");
    return FaultCase.ALL.stream().filter(it -> it.name().contains(wanted));
  }

  @BeforeAll
  static void start() throws Exception {
    deployment = new Deployment();
    callers = new Callers(deployment, deployment.brokers());
  }

  @AfterAll
  static void stop() {
    callers.close();
    deployment.close();
    TABLE.publish();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void calls_whileItLasts_areRightOrRefusedAsDocumented_andComeBack(FaultCase fault)
      throws Exception {
    CaseResult result = callers.run(fault);

    TABLE.add(result.row());
    callers.assertHolds(fault, result);
  }
}
