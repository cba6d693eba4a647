"""The work: picks what is asked for, sends it, and notes what came of it."""

import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact
from tfx.types.artifact_utils import get_single_instance

from components.notify.driver import NEWS
from components.notify.news import RunNews
from components.notify.payloads import Format, payload
from components.notify.sending import Delivery, send
from headrace.contents.notification import Notification

ArtifactMap = dict[str, list[Artifact]]


class Executor(BaseExecutor):
    """Tells a webhook; that it could not is noted, and no failure."""

    def Do(self, input_dict: ArtifactMap, output_dict: ArtifactMap, exec_properties: dict[str, Any]) -> None:
        """Sends the message, where there is something to tell."""
        wanted = exec_properties["on"].split(",")
        every = RunNews.from_json(exec_properties[NEWS])
        news = replace(every, news=tuple(one for one in every.news if one.event in wanted))
        message = payload(news, Format(exec_properties["format"]))
        variable = exec_properties["url_variable"]
        delivery = Delivery(0)
        if news.news:
            url = os.environ.get(variable, "")
            delivery = (
                send(url, message, exec_properties["attempts"], exec_properties["seconds"])
                if url
                else Delivery(0, f"the environment variable {variable} is not set")
            )
        events = tuple(dict.fromkeys(str(one.event) for one in news.news))
        told = Notification(variable, events, message, delivery.attempts, delivery.problem, delivery.uncertain)
        logging.log(logging.WARNING if told.problem else logging.INFO, "%s", told.text)
        artifact = get_single_instance(output_dict["notification"])
        told.write(Path(artifact.uri))
        artifact.delivered = int(told.delivered)
