package dev.keybroker.embedded.kms;

import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Where a request comes from, as the path of the endpoint says: `/vpce/{id}` stands for a VPC
/// endpoint, `/from/{address}` for a public address, `/via/{service}` for a service of AWS that
/// calls in the caller's name, as in `/via/s3.eu-central-1.amazonaws.com`. Each may follow another.
final class RequestPlace {

  private static final String LOOPBACK = "127.0.0.1";

  private RequestPlace() {}

  /// The condition keys that the place gives a request.
  static Map<String, String> of(URI uri) {
    Map<String, String> facts = new HashMap<>();
    facts.put("aws:ViaAWSService", "false");
    facts.put("aws:SourceIp", LOOPBACK);
    List<String> path = List.of(uri.getPath().split("/", -1));
    for (int i = 1; i + 1 < path.size(); i += 2) {
      String value = path.get(i + 1);
      switch (path.get(i)) {
        case "vpce" -> {
          facts.put("aws:SourceVpce", value);
          facts.remove("aws:SourceIp");
          facts.put("aws:VpcSourceIp", LOOPBACK);
        }
        case "from" -> facts.put("aws:SourceIp", value);
        case "via" -> {
          facts.put("aws:ViaAWSService", "true");
          facts.put("kms:ViaService", value);
        }
        default -> {}
      }
    }
    return facts;
  }
}
