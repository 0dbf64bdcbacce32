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
import java.util.concurrent.Executor;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.cluster.model.ModelStates;
import ru.scoliologic.staging.cluster.model.ModelStates.Failed;
import ru.scoliologic.staging.cluster.model.ModelStates.Missing;
import ru.scoliologic.staging.cluster.model.ModelStates.Present;
import ru.scoliologic.staging.cluster.model.ModelStates.Pulling;
import ru.scoliologic.staging.cluster.model.ModelStates.State;
import ru.scoliologic.staging.cluster.model.ModelStates.TooLarge;

/**
 * Pulls one environment's models onto its volume, one after another, on its own thread. Its memory
 * is only a hint: a new instance queries Ollama and continues.
 */
public final class ModelPulls implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ModelPulls.class);

  /** A user may delete a model. */
  private static final Duration LOOK_AGAIN = Duration.ofMinutes(1);

  private static final Duration UNANSWERED = Duration.ofSeconds(2);
  private static final Duration FIRST_RETRY = Duration.ofSeconds(5);
  private static final Duration LONGEST_RETRY = Duration.ofMinutes(5);
  private static final int MAX_DOUBLINGS = 8;

  /** The server reports progress several times a second during a pull. */
  private static final Duration SILENCE = Duration.ofMinutes(2);

  /** Interval of progress reports: each is a write of the status. */
  private static final Duration TELL_EVERY = Duration.ofSeconds(5);

  private static final int TELL_EVERY_PERCENT = 5;

  private final OllamaApi api;
  private final Clock clock;
  private final Executor background;
  private final Runnable listed;
  private final Map<String, Attempt> attempts = new HashMap<>();
  private Wish wish = new Wish(List.of(), List.of(), 0);
  private String server = "";
  private Map<ModelName, OllamaApi.Stored> present = Map.of();
  private final Room room = new Room();
  private boolean known;
  private Optional<ModelStates> shown = Optional.empty();
  private Instant lookAgain = Instant.MIN;
  private Worker worker;

  /** A query for the present models is running. */
  private boolean listing;

  /**
   * Pulls the models of one environment.
   *
   * @param background runs queries: the server may respond late or never
   * @param listed called after each query
   */
  public ModelPulls(OllamaApi api, Clock clock, Executor background, Runnable listed) {
    this.api = api;
    this.clock = clock;
    this.background = background;
    this.listed = listed;
  }

  /**
   * The desired models.
   *
   * @param models by name
   * @param insecureRegistries registries that use plain HTTP
   * @param capacity of the volume in bytes
   */
  public record Wish(List<String> models, List<String> insecureRegistries, long capacity) {}

  /**
   * The current progress; starts the next pull if one is due. Empty while the server does not
   * respond.
   *
   * @param wanted desired models; a change makes every model due at once
   * @param running identifies one run of the server
   */
  public synchronized Optional<ModelStates> look(Wish wanted, String running) {
    if (!wanted.equals(wish) || !running.equals(server)) {
      stop();
      attempts.clear();
      wish = wanted;
      server = running;
      known = false;
      listing = false;
      lookAgain = Instant.MIN;
    }
    if (worker != null && clock.instant().isAfter(worker.heard.plus(SILENCE))) {
      ended(worker, new Failed("Ollama did not respond for " + SILENCE.toMinutes() + " minutes"));
    }
    if (worker == null && !listing && !clock.instant().isBefore(lookAgain)) {
      listing = true;
      background.execute(() -> list(running, wanted));
    }
    if (!known) {
      return Optional.empty();
    }
    if (listing && shown.isPresent()) {
      // The last result stays until the response arrives.
      return shown;
    }
    if (worker == null) {
      wish.models().stream().filter(this::due).findFirst().ifPresent(this::start);
    }
    var states = new LinkedHashMap<String, State>();
    wish.models().forEach(model -> states.put(model, state(model)));
    shown = Optional.of(new ModelStates(states));
    return shown;
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

  /** Queries one run of the server; the response is ignored if another run is current by then. */
  private void list(String running, Wish wanted) {
    Optional<Map<ModelName, OllamaApi.Stored>> answer;
    try {
      answer =
          Optional.of(
              api.models().entrySet().stream()
                  .collect(
                      Collectors.toMap(
                          m -> ModelName.of(m.getKey()),
                          Map.Entry::getValue,
                          (one, other) -> one)));
    } catch (IOException | RuntimeException e) {
      // The last result stays: a server that generates a response may be slow.
      answer = Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      answer = Optional.empty();
    }
    if (counts(running, wanted, answer)) {
      listed.run();
    }
  }

  private synchronized boolean counts(
      String running, Wish wanted, Optional<Map<ModelName, OllamaApi.Stored>> answer) {
    if (!running.equals(server) || !wanted.equals(wish) || !listing) {
      return false;
    }
    listing = false;
    present = answer.orElse(present);
    known = known || answer.isPresent();
    lookAgain = clock.instant().plus(answer.isPresent() ? LOOK_AGAIN : UNANSWERED);
    return true;
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

  /** Ends a pull; {@code problem} is null on success. */
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

  /** The volume is too small for the size that the registry reports. */
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
