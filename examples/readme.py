import m531x

with m531x.Modem("virtual://") as modem:
    modem.connect("broker.example", client_id="meter-17")
    meters = modem.subscribe("meters/+", qos=1)
    modem.publish("meters/17", "21.5 °C", qos=1)
    message = meters.receive(timeout=10)
    print(message.topic, message.text)
