package dev.keybroker.bench;

import java.io.IOException;
import java.util.List;

/// What OpenSSL takes for the bare operations on the server's core, in seconds for one.
record Openssl(double rsa2048Private, double rsa3072Private, double rsa3072Public, double p256) {
  static Openssl measure() throws IOException, InterruptedException {
    String output =
        Cores.output(
            Cores.SERVER.command(
                List.of(
                    "openssl", "speed", "-mr", "-seconds", "1", "rsa2048", "rsa3072", "ecdhp256")));
    return new Openssl(
        field(output, "+F2:", "2048", 3),
        field(output, "+F2:", "3072", 3),
        field(output, "+F2:", "3072", 4),
        field(output, "+F5:", "256", 3));
  }

  private static double field(String output, String kind, String bits, int field)
      throws IOException {
    for (String line : output.lines().toList()) {
      String[] fields = line.split(":", -1);
      if (line.startsWith(kind) && fields[2].equals(bits)) {
        return 1 / Double.parseDouble(fields[field]);
      }
    }
    throw new IOException("openssl speed did not print " + bits + ":\n" + output);
  }
}
