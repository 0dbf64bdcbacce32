package ru.scoliologic.staging.validation;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import ru.scoliologic.staging.api.SmokeReport;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.SmokeReport.Verdict;
import ru.scoliologic.staging.api.StagingReleaseSpec;
import ru.scoliologic.staging.api.StagingReleaseSpec.Judgement;
import ru.scoliologic.staging.api.ValidationSpec;
import ru.scoliologic.staging.api.ValidationSpec.Priority;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

/** Summarizes outcomes by the rule of the smoke checklist. */
public final class Verdicts {
  private static final int NAMED = 5;
  private static final int MAX_NAME = 260;
  private static final int MAX_MESSAGE = 500;

  /** Bytes of all messages of a report: the server stores no object of more than 1.5 MB. */
  private static final int MAX_REPORT = 200 * 1024;

  private static final String CUT = "not shown: the report is too long";

  private Verdicts() {}

  /** One failed critical check fails all; other failed ones are remarks; pending ones wait. */
  public static Verdict of(List<Result> results) {
    var failed = failed(results);
    if (failed.stream().anyMatch(result -> result.priority() == Priority.Critical)) {
      return Verdict.Failed;
    }
    return failed.isEmpty() ? Verdict.Passed : Verdict.PassedWithRemarks;
  }

  /** Names of the critical checks that failed. */
  public static Set<String> criticalFailures(List<Result> results) {
    return failed(results).stream()
        .filter(result -> result.priority() == Priority.Critical)
        .map(Result::name)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** The critical checks that failed, and what they found. */
  public static String criticalRemarks(List<Result> results) {
    return named(failed(results).stream().filter(r -> r.priority() == Priority.Critical).toList());
  }

  /** The manual checks, with the results that users reported so far. */
  public static List<Result> manual(
      List<ValidationSpec.Manual> asked, List<StagingReleaseSpec.Verdict> given) {
    return asked.stream()
        .map(check -> {
          var answer =
              given.stream().filter(verdict -> check.name().equals(verdict.check())).findFirst();
          var outcome =
              answer
                  .map(verdict ->
                      verdict.verdict() == Judgement.Passed ? Outcome.Passed : Outcome.Failed)
                  .orElse(Outcome.Pending);
          var message =
              answer
                  .map(verdict ->
                      "%s: %s"
                          .formatted(
                              verdict.by() == null ? "judged by a person" : verdict.by(),
                              verdict.note() == null ? outcome.name() : verdict.note()))
                  .orElse(check.what());
          return new Result(check.name(), check.group(), check.priority(), outcome, message);
        })
        .toList();
  }

  /**
   * The result of stage 4, from all outcomes.
   *
   * @param dashboard whether there is one
   */
  public static StageResult stage(String app, boolean dashboard, List<Result> results) {
    var verdict = of(results);
    var failed = failed(results);
    if (verdict == Verdict.Failed) {
      return new StageResult.Failing(
          Reason.CHECKS_FAILED, criticalRemarks(results), StageResult.Waiting.SOON);
    }
    var well =
        "https://%s answers with a valid certificate"
            + (dashboard ? ", and so does the dashboard" : "");
    var pending = results.stream().filter(r -> r.outcome() == Outcome.Pending).count();
    var rest = pending == 0 ? "" : "; %d manual checks have no verdict yet".formatted(pending);
    return verdict == Verdict.Passed
        ? new StageResult.Ready(Reason.CHECKS_PASSED, well.formatted(app) + counted(results) + rest)
        : new StageResult.Ready(
            Reason.PASSED_WITH_REMARKS,
            well.formatted(app) + counted(results) + "; remarks: " + named(failed) + rest);
  }

  /** The same outcomes with names and messages of a bounded length; of a log the end is kept. */
  public static List<Result> bounded(List<Result> results) {
    var bounded = new ArrayList<Result>();
    int left = MAX_REPORT;
    for (var result : results) {
      var message = result.message();
      if (message != null) {
        var shown = shortened(message, MAX_MESSAGE, MAX_MESSAGE / 3);
        left -= shown.getBytes(StandardCharsets.UTF_8).length;
        message = left < 0 ? CUT : shown;
      }
      bounded.add(
          new Result(
              shortened(result.name(), MAX_NAME, MAX_NAME),
              result.group(),
              result.priority(),
              result.outcome(),
              message));
    }
    return List.copyOf(bounded);
  }

  private static String shortened(String text, int length, int head) {
    return text.length() <= length
        ? text
        : text.substring(0, head) + "…" + text.substring(text.length() - (length - head));
  }

  /** The report of outcomes, with the time they were found. */
  public static SmokeReport report(List<Result> found, Instant now) {
    var results = bounded(found);
    return new SmokeReport(
        of(results),
        now.truncatedTo(ChronoUnit.SECONDS).toString(),
        count(results, Outcome.Passed),
        count(results, Outcome.Failed),
        count(results, Outcome.Pending),
        results);
  }

  private static String counted(List<Result> results) {
    return "; %d of %d checks passed".formatted(count(results, Outcome.Passed), results.size());
  }

  private static int count(List<Result> results, Outcome outcome) {
    return (int) results.stream().filter(result -> result.outcome() == outcome).count();
  }

  private static List<Result> failed(List<Result> results) {
    return results.stream().filter(result -> result.outcome() == Outcome.Failed).toList();
  }

  private static String named(List<Result> results) {
    var first =
        new ArrayList<>(
            results.stream()
                .limit(NAMED)
                .map(result -> result.name() + ": " + result.message())
                .toList());
    if (results.size() > NAMED) {
      first.add("and %d more".formatted(results.size() - NAMED));
    }
    return first.stream().collect(Collectors.joining("; "));
  }
}
