package ru.scoliologic.staging.postgres;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.util.EnumMap;
import java.util.Map;
import java.util.stream.Collectors;
import ru.scoliologic.staging.api.PostgresSpec;
import ru.scoliologic.staging.cluster.kube.Hash;

/**
 * The requests that were handled for the data. The record is an annotation on the claim of the
 * data's volume: it outlives the operator, the Jobs and the environment, and is deleted with the
 * data.
 *
 * @param marks hash of the last request of each kind, with an exclamation mark if it failed; {@link
 *     #TODO} for a seed that has not been loaded
 */
record TaskMemory(Map<TaskKind, String> marks) {
  /** On the claim, for example {@code seed=done restore=0a1b2c3d!}. */
  static final String ANNOTATION = "staging.scoliologic.ru/database-tasks";

  private static final String TODO = "todo";
  private static final String DONE = "done";
  private static final String FAILED = "!";
  private static final int LENGTH = 8;

  TaskMemory {
    marks = Map.copyOf(marks);
  }

  /**
   * For a volume that will be created. Reset and backup run on a later change of their request, so
   * the present ones count as handled; a restore into a new database is executed.
   */
  static TaskMemory ofNewVolume(PostgresSpec spec) {
    var memory = new TaskMemory(Map.of(TaskKind.SEED, spec.seed() == null ? DONE : TODO));
    return memory.counted(TaskKind.BACKUP, spec).counted(TaskKind.RESET, spec);
  }

  /** For an existing volume; one without a record counts all requests as handled. */
  static TaskMemory of(PersistentVolumeClaim claim, PostgresSpec spec) {
    var annotations = claim.getMetadata().getAnnotations();
    var text = annotations == null ? null : annotations.get(ANNOTATION);
    if (text == null) {
      return new TaskMemory(Map.of(TaskKind.SEED, DONE))
          .counted(TaskKind.BACKUP, spec)
          .counted(TaskKind.RESET, spec)
          .counted(TaskKind.RESTORE, spec);
    }
    var marks = new EnumMap<TaskKind, String>(TaskKind.class);
    for (var kind : TaskKind.values()) {
      for (var entry : text.split(" ", -1)) {
        if (entry.startsWith(kind.command() + "=")) {
          marks.put(kind, entry.substring(kind.command().length() + 1));
        }
      }
    }
    return new TaskMemory(marks);
  }

  String text() {
    return new EnumMap<>(marks)
        .entrySet().stream()
            .map(entry -> entry.getKey().command() + "=" + entry.getValue())
            .collect(Collectors.joining(" "));
  }

  /** Whether the request succeeded or failed permanently. */
  boolean handled(TaskKind kind, String request) {
    var mark = marks.get(kind);
    return kind == TaskKind.SEED
        ? !TODO.equals(mark) && (mark == null || DONE.equals(mark) || failed(kind, request))
        : mark != null && (mark.equals(hash(request)) || failed(kind, request));
  }

  boolean failed(TaskKind kind, String request) {
    return (hash(request) + FAILED).equals(marks.get(kind));
  }

  TaskMemory succeeded(TaskKind kind, String request) {
    return with(kind, kind == TaskKind.SEED ? DONE : hash(request));
  }

  TaskMemory failedNow(TaskKind kind, String request) {
    return with(kind, hash(request) + FAILED);
  }

  /** No seed is pending: the database has its content. */
  TaskMemory withoutSeed() {
    return with(TaskKind.SEED, DONE);
  }

  private TaskMemory counted(TaskKind kind, PostgresSpec spec) {
    return kind.request(spec).map(request -> succeeded(kind, request)).orElse(this);
  }

  private TaskMemory with(TaskKind kind, String mark) {
    var changed = new EnumMap<TaskKind, String>(TaskKind.class);
    changed.putAll(marks);
    changed.put(kind, mark);
    return new TaskMemory(changed);
  }

  private static String hash(String request) {
    return Hash.of(request).substring(0, LENGTH);
  }
}
