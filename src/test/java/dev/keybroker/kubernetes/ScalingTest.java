package dev.keybroker.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.keybroker.kubernetes.Fleet.Moment;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The autoscaler of `k8s/base/hpa.yaml` through a simulated day, and the page that shows it:
/// `./mvnw test -Dtest=ScalingTest -Dupdate-docs` writes `src/docs/scaling.md`'s table and chart,
/// and `target/scaling.csv`.
class ScalingTest {
  private static final Path PAGE = Path.of("src/docs/scaling.md");
  private static final Path CHART = Path.of("src/docs/scaling.svg");
  private static final Path CSV = Path.of("target/scaling.csv");
  private static final String MARK = "<!-- Generated from here on: ";

  private final HorizontalPodAutoscalerSpec ours = ours();

  private static HorizontalPodAutoscalerSpec ours() {
    try {
      return ((HorizontalPodAutoscaler)
              StrictModel.parse(new YAMLMapper().readTree(Path.of("k8s/base/hpa.yaml").toFile())))
          .getSpec();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private List<Moment> day(Build build, HorizontalPodAutoscalerSpec spec) {
    return Fleet.run(
        build, Fleet.Signal.CPU, new HorizontalAutoscaler(spec), spec.getMinReplicas());
  }

  @Test
  void ordinaryDay_isServedWithoutShedding() {
    for (Build build : List.of(Build.JAR, Build.JAR_WITH_AOT_CACHE, Build.NATIVE)) {
      double shed =
          day(build, ours).stream()
              .filter(it -> it.second() < Day.SPIKE_START)
              .mapToDouble(Moment::shed)
              .sum();
      assertEquals(0, shed, build.name());
    }
  }

  @Test
  void spike_isServedInFullWithinTwoMinutes_byWhatTheBaseDeploys() {
    int lastShed =
        day(Build.NATIVE, ours).stream()
            .filter(it -> it.shed() > 0)
            .mapToInt(Moment::second)
            .max()
            .orElse(0);
    assertTrue(lastShed - Day.SPIKE_START < 120, () -> "" + lastShed);
  }

  @Test
  void pods_afterTheSpike_goSlowlyAndAreBackAtTheMinimum() {
    List<Moment> day = day(Build.NATIVE, ours);
    int end = Day.SPIKE_START + Day.SPIKE_RISE + Day.SPIKE_TOP;

    assertTrue(day.get(end + 300).wished() >= day.get(end).wished(), "spikes come in groups");
    assertEquals(ours.getMinReplicas(), day.getLast().wished());
  }

  @Test
  void fasterStart_shedsLess() {
    assertTrue(shed(day(Build.NATIVE, ours)) < shed(day(Build.JAR, ours)));
    assertTrue(shed(day(Build.JAR_WITH_AOT_CACHE, ours)) < shed(day(Build.JAR, ours)));
  }

  @Test
  void sums_inTheComment_areThoseOfTheFigures() throws IOException {
    String comment = Files.readString(Path.of("k8s/base/hpa.yaml"));
    double cores =
        (Day.BUSIEST_WRAPS * Build.NATIVE.wrapMillis()
                + Day.BUSIEST_UNWRAPS * Build.NATIVE.unwrapMillis())
            / 1_000;
    String text = String.format(Locale.ROOT, "%.2f", cores);

    assertTrue(comment.contains("= " + text + "\n"), text);
    assertEquals(
        60,
        ours.getMetrics().getFirst().getContainerResource().getTarget().getAverageUtilization());
    int spike = (int) Math.ceil(10 * cores / (0.6 * Build.NATIVE.cores()));
    assertTrue(comment.contains("→ " + spike + " replicas"), "" + spike);
    assertTrue(spike <= ours.getMaxReplicas());
  }

  @Test
  void page_isWhatTheSimulationSays() throws IOException {
    Map<String, List<Moment>> days = new LinkedHashMap<>();
    days.put("jar", day(Build.JAR, ours));
    days.put("jar with AOT cache", day(Build.JAR_WITH_AOT_CACHE, ours));
    days.put("native executable", day(Build.NATIVE, ours));
    days.put(
        "native executable, scaled on demand",
        Fleet.run(
            Build.NATIVE,
            Fleet.Signal.DEMAND,
            new HorizontalAutoscaler(ours),
            ours.getMinReplicas()));
    days.put(
        "native executable, Kubernetes' default behaviour",
        day(
            Build.NATIVE,
            HorizontalAutoscalerTest.spec(ours.getMinReplicas(), ours.getMaxReplicas()).build()));
    int enough = (int) Math.ceil(10 * cores(Build.NATIVE) / (0.6 * Build.NATIVE.cores()));
    days.put(
        "native executable, always " + enough + " pods",
        Fleet.run(Build.NATIVE, Fleet.Signal.CPU, null, enough));
    days.put(
        "native executable, always 3 pods", Fleet.run(Build.NATIVE, Fleet.Signal.CPU, null, 3));
    String document = Files.readString(PAGE);
    int generated = document.indexOf('\n', document.indexOf(MARK)) + 1;
    String tables = tables(days);
    String chart = ScalingChart.of(days);

    if (System.getProperty("update-docs") != null) {
      Files.writeString(PAGE, document.substring(0, generated) + tables);
      Files.writeString(CHART, chart);
      Files.createDirectories(CSV.getParent());
      Files.writeString(CSV, csv(days));
    } else {
      assertEquals(tables, document.substring(generated), "see -Dupdate-docs");
      assertEquals(chart, Files.readString(CHART), "see -Dupdate-docs");
    }
  }

  private static double cores(Build build) {
    return (Day.BUSIEST_WRAPS * build.wrapMillis() + Day.BUSIEST_UNWRAPS * build.unwrapMillis())
        / 1_000;
  }

  private static double shed(List<Moment> day) {
    return day.stream().mapToDouble(Moment::shed).sum();
  }

  private static String tables(Map<String, List<Moment>> days) {
    StringBuilder text = new StringBuilder();
    text.append("\n## Figures of a pod\n\n");
    text.append("| build | CPUs | start, s | wrap, ms of CPU | unwrap, ms of CPU | source |\n");
    text.append("| --- | --- | --- | --- | --- | --- |\n");
    for (Build build : List.of(Build.JAR, Build.JAR_WITH_AOT_CACHE, Build.NATIVE)) {
      text.append(
          String.format(
              Locale.ROOT,
              "| %s | %.0f | %.2f | %.3f | %.3f | %s |\n",
              build.name(),
              build.cores(),
              build.startSeconds(),
              build.wrapMillis(),
              build.unwrapMillis(),
              build.source()));
    }
    text.append("\n## The day\n\n![Calls, pods and calls shed around the spike](scaling.svg)\n\n");
    text.append(
        "| | calls | shed | of the spike's | last call shed after | most pods | pod hours | vCPU"
            + " hours |\n");
    text.append("| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    days.forEach((name, day) -> text.append(row(name, day)));
    return text.toString();
  }

  private static String row(String name, List<Moment> day) {
    double calls = day.stream().mapToDouble(Moment::calls).sum();
    double spike =
        day.stream()
            .filter(it -> it.second() >= Day.SPIKE_START)
            .filter(it -> it.second() < Day.SPIKE_START + Day.SPIKE_RISE + Day.SPIKE_TOP)
            .mapToDouble(Moment::calls)
            .sum();
    int last = day.stream().filter(it -> it.shed() > 0).mapToInt(Moment::second).max().orElse(-1);
    double podHours = day.stream().mapToInt(Moment::wished).sum() / 3_600.0;
    return String.format(
        Locale.ROOT,
        "| %s | %,.1f M | %,.0f | %.2f %% | %s | %d | %.0f | %.0f |\n",
        name,
        calls / 1e6,
        shed(day),
        100 * shed(day) / spike,
        last < 0 ? "none" : (last + 1 - Day.SPIKE_START) + " s",
        day.stream().mapToInt(Moment::wished).max().orElseThrow(),
        podHours,
        podHours * Build.NATIVE.cores());
  }

  private static String csv(Map<String, List<Moment>> days) {
    StringBuilder text = new StringBuilder("run,second,calls,shed,ready,wished,utilization\n");
    days.forEach(
        (name, day) ->
            day.stream()
                .filter(it -> it.second() % 60 == 0 || ScalingChart.isShown(it.second()))
                .forEach(
                    it ->
                        text.append(
                            String.format(
                                Locale.ROOT,
                                "\"%s\",%d,%.0f,%.0f,%d,%d,%.3f\n",
                                name,
                                it.second(),
                                it.calls(),
                                it.shed(),
                                it.ready(),
                                it.wished(),
                                it.utilization()))));
    return text.toString();
  }
}
