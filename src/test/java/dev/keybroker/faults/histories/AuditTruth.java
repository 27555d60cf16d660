package dev.keybroker.faults.histories;

import dev.keybroker.PackagedBroker;
import dev.keybroker.faults.FaultServices;
import dev.keybroker.faults.histories.Told.Audited;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The audit trail of all histories, once the brokers have ended: whole, and with a record for each
/// call that was granted.
final class AuditTruth {
  private static final Duration LONGEST_CHECK = Duration.ofMinutes(10);

  private final FaultServices services;
  private final Database database;
  private String summary = "";

  AuditTruth(FaultServices services, Database database) {
    this.services = services;
    this.database = database;
  }

  /// What is wrong.
  ///
  /// @param told what the clients were told, by tenant and rpc
  List<String> problems(Map<String, Map<String, Audited>> told)
      throws SQLException, IOException, InterruptedException {
    List<String> problems = new ArrayList<>();
    Map<String, Map<String, Long>> granted = database.granted();
    told.forEach(
        (tenant, rpcs) ->
            rpcs.forEach(
                (rpc, calls) -> {
                  long records = granted.getOrDefault(tenant, Map.of()).getOrDefault(rpc, 0L);
                  if (records < calls.granted() || records > calls.granted() + calls.open()) {
                    problems.add(
                        "%s of %s: %d on record as granted, but %s"
                            .formatted(rpc, tenant, records, calls));
                  }
                }));
    problems.addAll(verified());
    return problems;
  }

  /// What the command said of all chains together.
  String summary() {
    return summary;
  }

  private List<String> verified() throws IOException, InterruptedException {
    PackagedBroker verify =
        services.broker("audit-verify").arguments("audit-verify", "--all").start();
    int exit = verify.awaitEnd(LONGEST_CHECK);
    String log = verify.log();
    System.out.println(log);
    summary = log.lines().filter(line -> line.contains(" chains, ")).findFirst().orElse(log);
    return exit == 0 ? List.of() : List.of("audit-verify ends with " + exit);
  }
}
