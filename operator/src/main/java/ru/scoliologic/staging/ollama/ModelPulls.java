package ru.scoliologic.staging.ollama;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.cluster.Models;
import ru.scoliologic.staging.cluster.Models.Failed;
import ru.scoliologic.staging.cluster.Models.Missing;
import ru.scoliologic.staging.cluster.Models.Present;
import ru.scoliologic.staging.cluster.Models.Pulling;
import ru.scoliologic.staging.cluster.Models.State;
import ru.scoliologic.staging.cluster.Models.TooLarge;

/**
 * Brings one environment's models onto its volume, one after another, in a thread of its own. What
 * it remembers is only a hint: a new instance asks Ollama what is there and goes on.
 */
public final class ModelPulls implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ModelPulls.class);

  /** Somebody may delete a model by hand. */
  private static final Duration LOOK_AGAIN = Duration.ofMinutes(1);

  private static final Duration UNANSWERED = Duration.ofSeconds(2);
  private static final Duration FIRST_RETRY = Duration.ofSeconds(5);
  private static final Duration LONGEST_RETRY = Duration.ofMinutes(5);
  private static final int MAX_DOUBLINGS = 8;

  /** The server speaks several times a second while it pulls. */
  private static final Duration SILENCE = Duration.ofMinutes(2);

  /** How often progress is told: each time costs a write of the status. */
  private static final Duration TELL_EVERY = Duration.ofSeconds(5);

  private static final int TELL_EVERY_PERCENT = 5;

  private final OllamaApi api;
  private final Clock clock;
  private final Map<String, Attempt> attempts = new HashMap<>();
  private Wish wish = new Wish(List.of(), List.of(), 0);
  private String server = "";
  private Map<ModelName, OllamaApi.Stored> present = Map.of();
  private final Room room = new Room();
  private boolean known;
  private Instant lookAgain = Instant.MIN;
  private Worker worker;

  public ModelPulls(OllamaApi api, Clock clock) {
    this.api = api;
    this.clock = clock;
  }

  /**
   * What is to be there.
   *
   * @param models by name
   * @param insecureRegistries that are asked over plain HTTP
   * @param capacity of the volume in bytes
   */
  public record Wish(List<String> models, List<String> insecureRegistries, long capacity) {}

  /**
   * How far it is; starts the next pull where one is due. Nothing when the server does not answer.
   *
   * @param wanted a change of it makes everything due at once
   * @param running tells one run of the server from the next
   */
  public synchronized Optional<Models> look(Wish wanted, String running) {
    if (!wanted.equals(wish) || !running.equals(server)) {
      stop();
      attempts.clear();
      wish = wanted;
      server = running;
      known = false;
      lookAgain = Instant.MIN;
    }
    if (worker != null && clock.instant().isAfter(worker.heard.plus(SILENCE))) {
      ended(worker, new Failed("Ollama said nothing for " + SILENCE.toMinutes() + " minutes"));
    }
    if (worker == null && !clock.instant().isBefore(lookAgain)) {
      list();
    }
    if (!known) {
      return Optional.empty();
    }
    if (worker == null) {
      wish.models().stream().filter(this::due).findFirst().ifPresent(this::start);
    }
    var states = new LinkedHashMap<String, State>();
    wish.models().forEach(model -> states.put(model, state(model)));
    return Optional.of(new Models(states));
  }

  private State state(String model) {
    if (present.containsKey(ModelName.of(model))) {
      return new Present();
    }
    if (worker != null && worker.model.equals(model)) {
      return worker.told;
    }
    var attempt = attempts.get(model);
    return attempt == null ? new Missing() : attempt.outcome();
  }

  private boolean due(String model) {
    if (present.containsKey(ModelName.of(model))) {
      return false;
    }
    var attempt = attempts.get(model);
    return attempt == null || !clock.instant().isBefore(attempt.next());
  }

  private void list() {
    try {
      present =
          api.models().entrySet().stream()
              .collect(
                  Collectors.toMap(
                      m -> ModelName.of(m.getKey()), Map.Entry::getValue, (one, other) -> one));
      known = true;
      lookAgain = clock.instant().plus(LOOK_AGAIN);
    } catch (IOException e) {
      // What was known stays: a server that is busy with an answer may be late with this one.
      lookAgain = clock.instant().plus(UNANSWERED);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void start(String model) {
    worker = new Worker(model);
    worker.thread = Thread.ofVirtual().name("pull " + model).start(worker);
  }

  private void stop() {
    if (worker != null) {
      worker.thread.interrupt();
      worker = null;
    }
  }

  /** Ends a pull; {@code problem} is null when the model is there. */
  private synchronized void ended(Worker which, State problem) {
    if (worker != which) {
      return;
    }
    if (Thread.currentThread() != which.thread) {
      which.thread.interrupt();
    }
    worker = null;
    lookAgain = Instant.MIN;
    if (problem == null) {
      attempts.remove(which.model);
      room.pulled(ModelName.of(which.model), which.layers);
      LOG.atInfo().addKeyValue("model", which.model).log("model pulled");
      return;
    }
    int count =
        Optional.ofNullable(attempts.get(which.model))
            .map(attempt -> attempt.count() + 1)
            .orElse(1);
    var wait = FIRST_RETRY.multipliedBy(1L << Math.min(count - 1, MAX_DOUBLINGS));
    attempts.put(
        which.model,
        new Attempt(
            problem,
            count,
            problem instanceof TooLarge
                ? Instant.MAX
                : clock.instant().plus(wait.compareTo(LONGEST_RETRY) > 0 ? LONGEST_RETRY : wait)));
    LOG.atWarn()
        .addKeyValue("model", which.model)
        .addKeyValue("problem", problem)
        .log("model not pulled");
  }

  private synchronized void heard(Worker from, Map<String, OllamaApi.Layer> layers)
      throws IOException {
    if (worker != from) {
      throw new IOException("given up");
    }
    from.heard = clock.instant();
    long completed = layers.values().stream().mapToLong(OllamaApi.Layer::completed).sum();
    long total = layers.values().stream().mapToLong(OllamaApi.Layer::total).sum();
    from.layers = layers;
    long needed = room.needed(present, layers);
    if (needed > wish.capacity()) {
      throw new DoesNotFit(new TooLarge(needed, wish.capacity()));
    }
    boolean much = percent(completed, total) >= percent(from.told) + TELL_EVERY_PERCENT;
    if (much || !from.heard.isBefore(from.toldAt.plus(TELL_EVERY)) || from.told.total() == 0) {
      from.told = new Pulling(completed, total);
      from.toldAt = from.heard;
    }
  }

  private static long percent(Pulling pulling) {
    return percent(pulling.completed(), pulling.total());
  }

  static long percent(long completed, long total) {
    return total == 0 ? 0 : completed * 100 / total;
  }

  @Override
  public synchronized void close() {
    stop();
  }

  private record Attempt(State outcome, int count, Instant next) {}

  /** The volume cannot hold what the registry announced. */
  private static final class DoesNotFit extends IOException {
    private static final long serialVersionUID = 1;

    private final transient TooLarge why;

    private DoesNotFit(TooLarge why) {
      super("does not fit");
      this.why = why;
    }
  }

  private final class Worker implements Runnable {
    private final String model;
    private final List<String> insecureRegistries = wish.insecureRegistries();
    private Thread thread;
    private Map<String, OllamaApi.Layer> layers = Map.of();
    private Pulling told = new Pulling(0, 0);
    private Instant toldAt = clock.instant();
    private Instant heard = clock.instant();

    private Worker(String model) {
      this.model = model;
    }

    @Override
    public void run() {
      try {
        api.pull(model, insecureRegistries, layers -> heard(this, layers));
        ended(this, null);
      } catch (DoesNotFit e) {
        ended(this, e.why);
      } catch (IOException e) {
        ended(this, new Failed(e.getMessage() == null ? "no connection" : e.getMessage()));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
