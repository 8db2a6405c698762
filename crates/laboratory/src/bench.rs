//! The bench a module stands on while it is tried: one instance that goes from check to check as long as it is well.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hosts::Guard;
use module::{
    Decision, Delivered, ExitEvent, ExitEvents, ExitModule, HResult, ModuleError, Notification, PolicyModule,
    ServerExit, Undelivered,
};

use crate::Error;
use crate::check::Miss;
use crate::flight::{InFlight, Temper};
use crate::processes;
use crate::run::Options;
use crate::scene::{Contents, Happening, Scene};
use crate::specimen::Specimen;
use crate::story::{Story, ca_name};
use crate::view::{AtOnce, Observed, Pace, View};

/// The longest a check waits for a module to come back after it was killed.
const COMEBACK: Duration = Duration::from_secs(5);
/// Why a check was left out where the module does not start.
pub(crate) const NOT_STARTED: &str = "the module does not start";
/// How often it asks meanwhile.
const ASK_AGAIN: Duration = Duration::from_millis(100);
/// How often it looks whether processes have gone.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What both roles share.
pub(crate) struct Bench<'a, M: ?Sized + Send + Sync + 'static> {
    pub(crate) specimen: &'a Specimen,
    pub(crate) story: Story,
    /// The authority's name as `initialize` has it.
    pub(crate) ca: String,
    pub(crate) observed: Arc<Observed>,
    /// The pace of a slow server.
    pub(crate) slow: Arc<dyn Pace>,
    /// Calls of the load.
    pub(crate) calls: usize,
    /// How long ordinary calls took.
    pub(crate) latencies: Vec<Duration>,
    /// Resident memory at the end of the load, in bytes.
    pub(crate) memory: Option<u64>,
    /// How long the first start took.
    pub(crate) start: Option<Duration>,
    standing: Option<Guard<M>>,
    /// The events it asked for at its first start.
    pub(crate) mask: Option<ExitEvents>,
    /// Events it cannot answer: other checks spare it these.
    pub(crate) broken: Vec<ExitEvent>,
    /// Whether a start has failed: none is tried again, which may take long.
    unstartable: bool,
    /// Writes of a policy module that were refused, and those that were not.
    pub(crate) refused: Vec<String>,
    pub(crate) written: usize,
}

pub(crate) type ExitBench<'a> = Bench<'a, dyn ExitModule>;
pub(crate) type PolicyBench<'a> = Bench<'a, dyn PolicyModule>;

impl<'a, M: ?Sized + Send + Sync + 'static> Bench<'a, M> {
    pub(crate) fn new(specimen: &'a Specimen, story: Story, options: &Options) -> Self {
        Self {
            specimen,
            story,
            ca: ca_name().to_owned(),
            observed: Arc::default(),
            slow: Arc::clone(&options.slow),
            calls: options.calls,
            latencies: Vec::new(),
            memory: None,
            start: None,
            standing: None,
            mask: None,
            broken: Vec::new(),
            unstartable: false,
            refused: Vec::new(),
            written: 0,
        }
    }

    /// Lets the instance go, in order; the next check gets a fresh one.
    pub(crate) fn retire(&mut self) {
        self.standing = None;
    }

    /// Lets the instance go: how long that took, and how many processes are left.
    pub(crate) fn stop(&mut self) -> (Duration, usize) {
        let started = Instant::now();
        self.standing = None;
        (started.elapsed(), self.left(started))
    }

    /// How many processes are left when the time to let go is over. What a host ends with the module may take a moment to go.
    fn left(&self, started: Instant) -> usize {
        loop {
            let left = processes::marked(self.specimen.mark()).len();
            if left == 0 || started.elapsed() >= self.specimen.stop() {
                return left;
            }
            std::thread::park_timeout(LOOK_AGAIN);
        }
    }

    /// Kills the module's processes; 0 where it has none.
    pub(crate) fn kill(&self) -> usize {
        processes::kill(self.specimen.mark())
    }

    pub(crate) fn resident_bytes(&self) -> Option<u64> {
        processes::resident_bytes(self.specimen.mark())
    }

    fn view(&self, scene: &Arc<Scene>, pace: Arc<dyn Pace>) -> Arc<View> {
        View::paced(self.specimen.reader().clone(), Arc::clone(scene), pace, Arc::clone(&self.observed))
    }

    /// It was told once why: by the check that found it.
    fn missing() -> Miss {
        Miss::LeftOut(NOT_STARTED.into())
    }
}

impl ExitBench<'_> {
    /// Starts an instance in place of the one that stood there, and keeps what it asks for.
    pub(crate) fn start_anew(&mut self) -> Result<(ExitEvents, Duration), ModuleError> {
        self.retire();
        let guard = self.specimen.exit();
        let view = self.view(&self.story.alone(), Arc::new(AtOnce));
        let started = Instant::now();
        let result = guard.initialize(&self.ca, &*view);
        view.close();
        let took = started.elapsed();
        match result {
            Ok(mask) => {
                self.start.get_or_insert(took);
                self.mask.get_or_insert(mask);
                self.standing = Some(guard);
                Ok((mask, took))
            }
            Err(error) => {
                self.unstartable = true;
                Err(error)
            }
        }
    }

    /// Makes sure that an instance stands, and gives the events it asked for first.
    pub(crate) fn ready(&mut self) -> Result<ExitEvents, Miss> {
        if self.standing.is_none() && (self.unstartable || self.start_anew().is_err()) {
            return Err(Self::missing());
        }
        Ok(self.mask.unwrap_or_default())
    }

    /// Tells the instance of an event: how long the answer took.
    pub(crate) fn tell(&self, happening: &Happening) -> Result<Duration, ModuleError> {
        self.tell_at(happening, Arc::new(AtOnce))
    }

    /// The same, by a server that answers call-backs at this pace.
    pub(crate) fn tell_at(&self, happening: &Happening, pace: Arc<dyn Pace>) -> Result<Duration, ModuleError> {
        let gone = || ModuleError::new(HResult::RPC_E_DISCONNECTED, "the module is not running");
        let guard = self.standing.as_ref().ok_or_else(gone)?;
        let view = self.view(&happening.scene, pace);
        let started = Instant::now();
        let result = guard.notify(&happening.notification, &*view);
        view.close();
        result.map(|()| started.elapsed())
    }

    /// The most events that the module wants at once.
    pub(crate) fn batch_max(&self) -> usize {
        self.standing.as_ref().map_or(1, |guard| guard.batch_max())
    }

    /// Tells the instance of several events at once.
    pub(crate) fn tell_together(&self, happenings: &[Happening]) -> Delivered {
        let Some(guard) = self.standing.as_ref() else { return Delivered::all(0) };
        let views: Vec<Arc<View>> =
            happenings.iter().map(|happening| self.view(&happening.scene, Arc::new(AtOnce))).collect();
        let events: Vec<(&Notification, &dyn ServerExit)> = happenings
            .iter()
            .zip(&views)
            .map(|(happening, view)| (&happening.notification, &**view as &dyn ServerExit))
            .collect();
        let delivered = guard.notify_batch(&events);
        views.iter().for_each(|view| view.close());
        delivered
    }

    /// Tells the instance of an event, and kills it meanwhile. What becomes of that call is nobody's fault.
    pub(crate) fn tell_and_kill(&self, happening: &Happening) -> usize {
        let before = self.observed.reads.load(Ordering::Relaxed);
        std::thread::scope(|scope| {
            let call = scope.spawn(|| self.tell(happening));
            // The message is being made: the module has it in a moment, or has it already.
            let reading = || self.observed.reads.load(Ordering::Relaxed) > before;
            while !reading() && !call.is_finished() {
                std::thread::yield_now();
            }
            let killed = self.kill();
            let _ = call.join();
            killed
        })
    }

    /// Delivers an event as the server would, with growing attempts, until it is answered or patience ends.
    pub(crate) fn deliver(&self, happening: &Happening, first_attempt: u32) -> Result<u32, ModuleError> {
        let started = Instant::now();
        let mut attempt = first_attempt;
        loop {
            match self.tell(&happening.again(attempt)) {
                Ok(_) => return Ok(attempt),
                // It may have to be started first, and waited for.
                Err(error) if error.code != HResult::RPC_E_DISCONNECTED || started.elapsed() > COMEBACK => {
                    return Err(error);
                }
                Err(_) => {
                    attempt += 1;
                    std::thread::park_timeout(ASK_AGAIN);
                }
            }
        }
    }

    /// An event of its mask that it answers, about a request where one is wanted.
    pub(crate) fn sample(&mut self, about_a_request: bool) -> Result<ExitEvent, Miss> {
        let mask = self.ready()?;
        let mut wanted = mask.events().filter(|event| {
            let carries = !matches!(event, ExitEvent::CrlIssued | ExitEvent::Shutdown);
            let fit = if about_a_request { carries } else { *event != ExitEvent::Shutdown };
            fit && !self.broken.contains(event)
        });
        wanted.next().ok_or_else(|| {
            let kind = if about_a_request { "event about a request" } else { "stored event" };
            Miss::LeftOut(format!("its mask has no {kind} that it answers"))
        })
    }
}

/// What a policy module did with one request.
pub(crate) struct Answer {
    pub(crate) decision: Result<Decision, ModuleError>,
    /// Whether it was asked: a host that starts its module anew cannot.
    pub(crate) reached: bool,
    /// The request as it left it.
    pub(crate) left: Option<Contents>,
    /// Calls of its that were refused.
    pub(crate) refused: Vec<String>,
    pub(crate) written: usize,
    pub(crate) took: Duration,
}

impl PolicyBench<'_> {
    /// Starts an instance in place of the one that stood there.
    pub(crate) fn start_anew(&mut self) -> Result<Duration, ModuleError> {
        self.retire();
        let guard = self.specimen.policy();
        let view = self.view(&self.story.alone(), Arc::new(AtOnce));
        let started = Instant::now();
        let result = guard.initialize(&self.ca, &*view);
        view.close();
        let took = started.elapsed();
        if let Err(error) = result {
            self.unstartable = true;
            return Err(error);
        }
        self.start.get_or_insert(took);
        self.standing = Some(guard);
        Ok(took)
    }

    /// Makes sure that an instance stands.
    pub(crate) fn ready(&mut self) -> Result<(), Miss> {
        if self.standing.is_none() && (self.unstartable || self.start_anew().is_err()) {
            return Err(Self::missing());
        }
        Ok(())
    }

    /// What the module says of itself.
    pub(crate) fn description(&self) -> Option<String> {
        self.standing.as_ref().map(|guard| guard.description())
    }

    /// Tells the module that the server stops, and lets it go: how long that took, and how many processes are left.
    pub(crate) fn shut_down(&mut self) -> (Duration, usize) {
        let started = Instant::now();
        if let Some(guard) = self.standing.take() {
            guard.shut_down();
        }
        (started.elapsed(), self.left(started))
    }

    /// Asks for a decision, of a server as the contract wants it.
    pub(crate) fn ask(&mut self, scene: &Scene, new: bool) -> Answer {
        self.ask_in(scene, new, Temper::Good, Arc::new(AtOnce))
    }

    /// Asks for a decision.
    pub(crate) fn ask_in(&mut self, scene: &Scene, new: bool, temper: Temper, pace: Arc<dyn Pace>) -> Answer {
        let reader = self.specimen.reader().clone();
        let mut flight = InFlight::tempered(reader, scene, temper, pace, Arc::clone(&self.observed));
        let started = Instant::now();
        let decision = match &self.standing {
            Some(guard) => guard.ask(&mut flight, new),
            None => {
                let error = ModuleError::new(HResult::RPC_E_DISCONNECTED, "the module is not running");
                Err(Undelivered::Refused(error))
            }
        };
        Answer {
            reached: !matches!(decision, Err(Undelivered::Refused(_))),
            decision: decision.map_err(ModuleError::from),
            refused: flight.refused(),
            written: flight.written(),
            took: started.elapsed(),
            left: flight.contents().cloned(),
        }
    }

    /// Asks once the module can be asked, or until patience ends.
    pub(crate) fn ask_when_reached(&mut self, scene: &Scene) -> Answer {
        let started = Instant::now();
        loop {
            let answer = self.ask(scene, true);
            if answer.reached || started.elapsed() > COMEBACK {
                return answer;
            }
            std::thread::park_timeout(ASK_AGAIN);
        }
    }

    /// Asks until the module has come back, or patience ends.
    pub(crate) fn ask_until_back(&mut self, scene: &Scene) -> Answer {
        let started = Instant::now();
        loop {
            let answer = self.ask(scene, true);
            let gone = matches!(&answer.decision, Err(error) if error.code == HResult::RPC_E_DISCONNECTED);
            if !gone || started.elapsed() > COMEBACK {
                return answer;
            }
            std::thread::park_timeout(ASK_AGAIN);
        }
    }

    /// An ordinary request of a server.
    pub(crate) fn ordinary(&mut self) -> Result<Scene, Error> {
        let row = self.story.new_row()?;
        Ok(self.story.ask(&row))
    }
}

impl ExitBench<'_> {
    /// What the module says of itself.
    pub(crate) fn description(&self) -> Option<String> {
        self.standing.as_ref().map(|guard| guard.description())
    }
}
