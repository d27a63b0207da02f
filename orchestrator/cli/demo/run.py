"""The frame of the demo: whatever happens inside, everything is taken down."""

from orchestrator.cli.demo import stage as stages
from orchestrator.cli.demo.narrator import Narrator
from orchestrator.cli.demo.story import Figures, Story
from orchestrator.cli.session import Session
from orchestrator.cli.terminal import Terminal


async def run(outer: Session, voice: Terminal, engine: str, pause_s: float) -> Figures:
    """Tell the whole story; the figures. Raises `OrchestratorError`; Ctrl-C takes it down too."""
    narrator = Narrator(voice)
    narrator.say("A small cloud on this computer, in half a minute. All of it is real.")
    session = stages.own_session(outer)
    try:
        stage = stages.set_up(session, engine)
        story = Story(stage, narrator, pause_s)
        try:
            await story.tell()
        finally:
            await story.end()
        narrator.say()
        narrator.say("Now by hand: orch up -f manifests/, and in another terminal: orch ps --watch")
        return story.figures
    finally:
        session.close()
        stages.clean_up(session)
