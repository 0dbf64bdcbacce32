package ru.scoliologic.staging.postgres;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.util.EnumMap;
import java.util.Map;
import java.util.stream.Collectors;
import ru.scoliologic.staging.api.PostgresSpec;
import ru.scoliologic.staging.cluster.Hash;

/**
 * Which requests the data has seen (pure). It stands on the claim of the data's volume: there it
 * outlives the operator, the Jobs and the environment itself, and ends with the data.
 *
 * @param marks the hash of the last request of each kind, with an exclamation mark if it failed;
 *     {@link #TODO} for a seed that has not been loaded
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
   * Of a volume that is about to be made. A reset or a backup is there to be changed later, so what
   * stands there now counts as done; a restore into a new database is meant.
   */
  static TaskMemory ofNewVolume(PostgresSpec spec) {
    var memory = new TaskMemory(Map.of(TaskKind.SEED, spec.seed() == null ? DONE : TODO));
    return memory.counted(TaskKind.BACKUP, spec).counted(TaskKind.RESET, spec);
  }

  /** Of a volume that is there; one without a memory holds data that no request was made for. */
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

  /** Whether the request was carried out, or failed for good. */
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

  /** Nothing is to be loaded, or no longer: the database has its content. */
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
